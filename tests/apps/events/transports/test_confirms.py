"""The ledger of publisher confirms: only what the broker answered counts, in whatever order it answers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apps.events.transports import DELIVERED, Refused
from apps.events.transports.brokers.confirms import NACKED, SILENT, Confirms

answers = st.lists(st.tuples(st.integers(1, 8), st.booleans(), st.booleans()), max_size=12)


def published(*names: str) -> Confirms:
    ledger = Confirms()
    for name in names:
        ledger.published(name)
    return ledger


def test_unanswered_message_is_not_confirmed():
    ledger = published("a", "b")
    ledger.acked(1, False)

    assert ledger.waiting
    assert ledger.settle(["a", "b"]) == [DELIVERED, SILENT]


def test_one_answer_may_cover_all_before_it():
    ledger = published("a", "b", "c")
    ledger.acked(2, True)
    ledger.nacked(3, False)

    assert not ledger.waiting
    assert ledger.settle(["a", "b", "c"]) == [DELIVERED, DELIVERED, NACKED]


def test_returned_message_is_refused_though_it_is_confirmed():
    ledger = published("a")
    ledger.returned("a", "no queue takes it")
    ledger.acked(1, False)

    assert ledger.settle(["a"]) == [Refused(reason="no queue takes it", destination=True)]


def test_late_answers_do_not_confirm_the_next_batch():
    ledger = published("a")
    ledger.settle(["a"])
    ledger.published("b")
    ledger.acked(1, True)

    assert ledger.settle(["b"]) == [SILENT]


@given(answers)
def test_only_acked_messages_are_delivered(stream):
    names = [f"m{tag}" for tag in range(1, 9)]
    ledger, first = published(*names), {}
    for tag, multiple, good in stream:
        (ledger.acked if good else ledger.nacked)(tag, multiple)
        for covered in range(1, tag + 1) if multiple else [tag]:
            first.setdefault(covered, good)

    expected = [{True: DELIVERED, False: NACKED, None: SILENT}[first.get(tag)] for tag in range(1, 9)]
    assert ledger.settle(names) == expected
