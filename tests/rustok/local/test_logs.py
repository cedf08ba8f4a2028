"""Logs stay small and keep the run before."""

from pathlib import Path

from rustok.local import logs


def test_rotation_keeps_one_run_before(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    for words in (b"first", b"second"):
        with logs.open_log(path, rotate=True) as handle:
            handle.write(words)
    assert (path.read_bytes(), (tmp_path / "web.log.1").read_bytes()) == (b"second", b"first")


def test_a_capped_log_goes_on_at_its_start(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    with logs.open_log(path, rotate=False) as writer:
        writer.write(b"x" * 100)
        logs.cap(path, limit=50)
        writer.write(b"after")
    assert path.read_bytes() == b"after"
    assert (tmp_path / "web.log.1").stat().st_size == 100


def test_a_short_log_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_bytes(b"short")
    logs.cap(tmp_path / "web.log", limit=50)
    logs.cap(tmp_path / "absent.log")
    assert (tmp_path / "web.log").read_bytes() == b"short"


def test_tail_shows_the_last_lines_and_never_fails(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    path.write_bytes(b"\xff" + b"".join(b"%d\n" % n for n in range(9_000)))
    assert logs.tail(path, 2) == "8998\n8999"
    assert logs.tail(tmp_path / "absent.log") == "(no log)"


def test_tail_shows_the_end_of_a_long_line(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text("x" * 5_000 + "ValueError: why")
    assert logs.tail(tmp_path / "web.log").endswith("ValueError: why")
    assert len(logs.tail(tmp_path / "web.log")) < 500
