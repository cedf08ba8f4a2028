"""The judge's table: what answers in a row mean for key, cursor and destination."""

from __future__ import annotations

import pytest

from apps.events.records import StoredEvent
from apps.events.relay import policy
from apps.events.relay.offering import Judge
from apps.events.transports import DELIVERED, Refused
from rustok.db.ids import new_id

NOW = "2026-11-01T12:00:00.000000Z"
NO = Refused("no")
DOWN = Refused("down", destination=True)
HUNG = Refused("hung", hung=True)
DEAD = Refused("dead", permanent=True)


def event(position: int) -> StoredEvent:
    return StoredEvent(new_id(), position, f"thing-{position}", 1, "testkit.thing_poked", 1, "{}", "{}", NOW)


def judged(*outcomes, failures: int = 0, pauses: int = 0, parked: int = 0, chunk: int = 1):
    judge = Judge(cursor=10, failures=failures, pauses=pauses, parked=parked)
    answers = [(event(11 + n), outcome) for n, outcome in enumerate(outcomes)]
    going_on = all(judge.hear(answers[n : n + chunk]) for n in range(0, len(answers), chunk))
    return judge.close(looked_at=10 + len(outcomes) if going_on else None)


@pytest.mark.parametrize(
    ("outcomes", "state", "expected"),
    [
        ([DELIVERED, DELIVERED], {}, (12, 2, [], "")),
        ([NO, DELIVERED], {}, (12, 1, [11], "")),
        ([NO, NO], {}, (12, 0, [11, 12], "")),
        ([NO, NO, NO], {}, (10, 0, [], "paused")),
        ([DELIVERED, NO, NO, NO], {}, (11, 1, [], "paused")),
        ([NO, NO, NO, DELIVERED], {"chunk": 4}, (14, 1, [11, 12, 13], "")),
        ([DELIVERED, NO, NO, NO], {"chunk": 4}, (11, 1, [], "paused")),
        ([NO, NO, DOWN, DELIVERED], {"chunk": 4}, (10, 0, [], "paused")),
        ([NO, NO, NO, DELIVERED], {"chunk": 4, "parked": policy.MAX_PARKED - 1}, (11, 0, [11], "full")),
        ([NO], {"failures": 2}, (10, 0, [], "paused")),
        ([NO, NO, NO], {"pauses": 1}, (13, 0, [11, 12, 13], "")),
        ([NO], {"parked": policy.MAX_PARKED}, (10, 0, [], "full")),
        ([NO, DEAD, DELIVERED], {"parked": policy.MAX_PARKED}, (10, 0, [], "full")),
        ([NO, NO, NO], {"parked": policy.MAX_PARKED}, (10, 0, [], "paused")),
        ([NO, NO, NO], {"parked": policy.MAX_PARKED - 1}, (10, 0, [], "paused")),
        ([HUNG], {"parked": policy.MAX_PARKED}, (10, 0, [], "paused")),
        ([DOWN], {}, (10, 0, [], "paused")),
        ([NO, DOWN], {}, (10, 0, [], "paused")),
        ([HUNG], {}, (11, 0, [11], "paused")),
        ([DEAD, DELIVERED], {}, (12, 1, [], "")),
        ([NO, DELIVERED, NO], {"parked": policy.MAX_PARKED - 1}, (12, 1, [11], "full")),
        ([DEAD, DEAD], {"parked": policy.MAX_PARKED - 1}, (11, 0, [], "full")),
    ],
)
def test_verdict(outcomes, state, expected):
    verdict = judged(*outcomes, **state)

    parked = [refused.position for refused, _reason in verdict.parked]
    stopped = "paused" if verdict.pause is not None else "full" if verdict.full else ""
    assert (verdict.reached, verdict.delivered, parked, stopped) == expected


def test_success_forgives():
    verdict = judged(DELIVERED, failures=2, pauses=3)

    assert (verdict.failures, verdict.pauses) == (0, 0)


def test_without_room_a_destination_that_takes_another_event_is_not_to_blame():
    verdict = judged(Refused("no"), DELIVERED, failures=1, pauses=3, parked=policy.MAX_PARKED)

    assert (verdict.full, verdict.failures, verdict.pauses) == (True, 0, 0)


def test_destinations_wish_is_respected():
    assert judged(Refused("busy", destination=True, retry_after=120.0)).pause >= 120.0


@pytest.mark.parametrize(("attempts", "least", "most"), [(1, 0.5, 1.5), (4, 4, 12), (100, 450, 1350)])
def test_key_backoff_doubles_with_jitter_up_to_its_cap(attempts, least, most):
    assert least <= policy.key_backoff(attempts) <= most


@pytest.mark.parametrize(("retry_in", "seconds"), [(None, 10.0), (0.0, 10.0), (30.0, 30.0), (900.0, 60.0)])
def test_cursor_without_room_looks_again_with_the_next_try_of_a_key(retry_in, seconds):
    assert policy.until_room(retry_in) == seconds
