"""The relay's clockwork in the shared tables."""

from __future__ import annotations

import pytest
from django.db import transaction

from apps.operations import wakeups
from apps.operations.wakeups import LeaseLost, NextTurn
from rustok.db.ids import new_id
from tests.support.events import run


@pytest.fixture
def log(platform):
    return new_id()


@pytest.fixture
def subscription(log):
    made = new_id()
    wakeups.enrol(tenant_id=log, subscription_id=made, partitions=2)
    return made


def claim(log, seconds: float = 10.0):
    return wakeups.claim(lease_seconds=seconds, tenant_id=log)


def due(log) -> list[tuple[int, bool, bool]]:
    """Partition, is due now, is leased."""
    return run(
        "SELECT partition, coalesce(due_at <= statement_timestamp(), false), lease_until IS NOT NULL"
        f" FROM {wakeups.DUES} WHERE tenant_id = %s ORDER BY partition",
        log,
    )


def test_enrolled_partitions_are_due_at_once(log, subscription):
    assert due(log) == [(0, True, False), (1, True, False)]


def test_enrolling_twice_changes_nothing(log, subscription):
    claim(log)
    wakeups.enrol(tenant_id=log, subscription_id=subscription, partitions=2)

    assert [leased for _partition, _due, leased in due(log)].count(True) == 1


def test_each_claim_takes_another_partition(log, subscription):
    assert {claim(log).partition, claim(log).partition} == {0, 1}
    assert claim(log) is None


def test_fence_grows_with_every_claim(log, subscription):
    fences = []
    for _ in range(4):
        lease = claim(log)
        fences.append((lease.partition, lease.fence))
        wakeups.release(lease, NextTurn(more=True))

    assert sorted(fences) == [(0, 1), (0, 2), (1, 1), (1, 2)]


@pytest.mark.parametrize(
    ("turn", "is_due"),
    [(NextTurn(), False), (NextTurn(more=True), True), (NextTurn(retry_in=60), False), (NextTurn(retry_in=0), True)],
)
def test_release_says_when_the_next_turn_is(log, subscription, turn, is_due):
    lease = claim(log)
    wakeups.release(lease, turn)

    assert due(log)[lease.partition] == (lease.partition, is_due, False)


def test_arrival_during_the_turn_makes_it_due_again(log, subscription):
    lease = claim(log)
    run(f"UPDATE {wakeups.DUES} SET signal = signal + 1 WHERE id = %s", lease.due_id)
    wakeups.release(lease, NextTurn())

    assert due(log)[lease.partition][1]


def test_pause_puts_off_the_other_partitions_too(log, subscription):
    wakeups.release(claim(log), NextTurn(pause=60, pauses=1))

    assert claim(log) is None


def test_lost_lease_releases_nothing(log, subscription):
    slow = claim(log, seconds=-1)
    while claim(log).due_id != slow.due_id:
        pass

    with pytest.raises(LeaseLost), transaction.atomic():
        wakeups.release(slow, NextTurn())


def test_taking_over_ends_running_turns(log, subscription):
    lease = claim(log)
    wakeups.make_due(tenant_id=log, subscription_ids=[subscription], take_over=True)

    with pytest.raises(LeaseLost), transaction.atomic():
        wakeups.release(lease, NextTurn())


def test_forgotten_log_leaves_nothing(log, subscription):
    run(f"INSERT INTO {wakeups.WAKEUPS} (id, tenant_id) VALUES (%s, %s)", new_id(), log)
    wakeups.forget(tenant_id=log)

    assert due(log) == []
    assert wakeups.waiting(tenant_id=log) == []


def test_flood_of_marks_hides_nobody(platform):
    flooded, quiet, resting = new_id(), new_id(), new_id()
    run(f"DELETE FROM {wakeups.WAKEUPS}")
    for log in (*[flooded] * 3, quiet, resting):
        run(f"INSERT INTO {wakeups.WAKEUPS} (id, tenant_id) VALUES (%s, %s)", new_id(), log)

    found = {log: len(ids) for log, ids in wakeups.waiting(limit=2, without=[resting])}
    assert found == {flooded: 2, quiet: 1}
