"""Progress shows how far the work is, live on a terminal and as plain lines elsewhere."""

import io

import pytest

from rustok.progress import progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_log_gets_one_plain_line_with_the_final_count() -> None:
    log = io.StringIO()

    with progress("replaying", total=3, stream=log) as bar:
        bar.advance(2)
        bar.advance(note="1 refused")

    assert log.getvalue().startswith("replaying: 3/3 100%")
    assert log.getvalue().endswith("1 refused\n")
    assert log.getvalue().count("\n") == 1


def test_a_terminal_gets_a_bar_that_redraws_its_line() -> None:
    terminal = Terminal()

    with progress("replaying", total=2, stream=terminal) as bar:
        bar.advance()

    assert terminal.getvalue().count("\r") == 2
    assert "█" in terminal.getvalue()


def test_the_last_state_is_shown_when_the_work_fails() -> None:
    log = io.StringIO()

    def fail() -> None:
        with progress("replaying", total=9, stream=log) as bar:
            bar.advance(4)
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert "4/9" in log.getvalue()


def test_unknown_length_shows_the_count_only() -> None:
    log = io.StringIO()

    with progress("reading", stream=log) as bar:
        bar.advance(1500)

    assert "1,500" in log.getvalue()
    assert "%" not in log.getvalue()
