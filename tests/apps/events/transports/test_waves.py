"""The order's guarantee, against a broker that takes and refuses whatever it likes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.events.transports import DELIVERED, Refused
from apps.events.transports.waves import HELD_BACK, NOT_SENT, Waves

REFUSED = Refused(reason="no")
DEAD = Refused(reason="down", destination=True)
streams = st.lists(st.sampled_from("abcd"), max_size=12)


def play(waves: Waves, names: str | list[str], verdicts: dict[int, Refused]) -> list[list[int]]:
    """Send every wave; the indices in `verdicts` are refused. Returns the waves."""
    sent = []
    while wave := waves.next():
        sent.append(wave)
        waves.settle(wave, [verdicts.get(index, DELIVERED) for index in wave])
    return sent


@pytest.mark.parametrize(
    ("names", "options", "expected"),
    [
        ("abc", {}, [[0, 1, 2]]),
        ("aab", {}, [[0, 2], [1]]),
        ("aba", {"in_log_order": True}, [[0, 1], [2]]),
        ("aab", {"in_log_order": True}, [[0], [1, 2]]),
        ("aab", {"atomic": True}, [[0, 1, 2]]),
        ("", {}, []),
    ],
    ids=["apart", "reaching over", "cut", "cut early", "atomic", "nothing"],
)
def test_waves_carry_each_aggregate_once(names, options, expected):
    assert play(Waves(names, **options), names, {}) == expected


@given(streams, st.sets(st.integers(0, 11)), st.booleans())
def test_nothing_of_an_aggregate_follows_a_refused_event(names, refused, in_log_order):
    verdicts = dict.fromkeys(refused, REFUSED)
    waves = Waves(names, in_log_order=in_log_order)
    taken = [index for wave in play(waves, names, verdicts) for index in wave if index not in refused]

    for index in taken:
        assert not any(before in refused and names[before] == names[index] for before in range(index))
    outcomes = waves.close()
    assert [outcome is DELIVERED for outcome in outcomes] == [index in taken for index in range(len(names))]


@given(streams, st.sets(st.integers(0, 11)))
def test_each_aggregate_is_taken_in_order(names, refused):
    sent = [i for wave in play(Waves(names), names, dict.fromkeys(refused, REFUSED)) for i in wave]

    for name in set(names):
        own = [index for index in sent if names[index] == name]
        assert own == sorted(own)


@given(streams)
def test_log_order_is_kept_over_all_aggregates(names):
    sent = [index for wave in play(Waves(names, in_log_order=True), names, {}) for index in wave]

    assert sent == list(range(len(names)))


def test_refusing_destination_ends_the_chunk():
    waves = Waves("abab")
    waves.settle(waves.next(), [DELIVERED, DEAD])

    assert waves.failed
    assert waves.next() == []
    assert waves.close() == [DELIVERED, DEAD, DEAD, DEAD]


def test_event_that_is_never_sent_holds_back_only_what_follows():
    waves = Waves("aaa", atomic=True)
    waves.refuse(1, Refused(reason="too large", permanent=True))

    assert waves.next() == [0]
    waves.settle([0], [DELIVERED])
    assert [outcome if outcome is DELIVERED else outcome.reason for outcome in waves.close()] == [
        DELIVERED,
        "too large",
        HELD_BACK,
    ]


def test_what_time_did_not_suffice_for_is_not_called_delivered():
    assert Waves("ab").close() == [NOT_SENT, NOT_SENT]
