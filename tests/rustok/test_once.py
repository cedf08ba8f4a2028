"""A value made once stays; one that was begun before it was forgotten does not come back."""

import threading

import pytest

from rustok.once import Once


def test_the_value_is_made_once_and_again_after_it_was_forgotten() -> None:
    made = iter(range(10))
    value = Once(lambda: next(made))

    assert (value(), value()) == (0, 0)
    value.cache_clear()
    assert value() == 1


def test_a_maker_that_fails_is_asked_again() -> None:
    answers = iter([0, 1])
    value = Once(lambda: 1 // next(answers))

    with pytest.raises(ZeroDivisionError):
        value()
    assert value() == 1


def test_what_was_begun_before_the_clearing_is_not_seen_after_it() -> None:
    truth, began, go_on = ["old"], threading.Event(), threading.Event()

    def slowly() -> str:
        seen = truth[0]
        began.set()
        go_on.wait(5)
        return seen

    value = Once(slowly)
    early = threading.Thread(target=value)
    early.start()
    began.wait(5)
    truth[0] = "new"
    clearing = threading.Thread(target=value.cache_clear)
    clearing.start()
    go_on.set()
    early.join(5)
    clearing.join(5)

    assert value() == "new"
