"""Who holds a partition: frozen workers commit nothing, living ones keep their lease, leaving ones hand it back."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from celery.signals import worker_shutting_down

from apps.events import queries, services
from apps.events.letters import Chosen
from apps.events.models import Cursor
from apps.events.relay import heartbeat, rounds, settling, stopping
from apps.events.relay.heartbeat import BEAT, Heartbeat
from apps.events.relay.reports import RelayReport
from apps.events.relay.turns import take_turn
from apps.events.transports import DELIVERED, Refused
from apps.operations import wakeups
from apps.operations.wakeups import LeaseLost
from tests.support.events import MemoryTransport, elsewhere, end_waiting, poke, relay, run

HELD = "SELECT extract(epoch FROM lease_until - now())::float8 FROM public.operations_due WHERE id = %s"


@pytest.fixture
def stopped():
    """The process is asked to stop during the test."""
    yield stopping.request
    stopping.withdraw()


def claim(tenant, seconds: float = 30.0):
    rounds.number_waiting(report=RelayReport(), tenant_id=tenant.id)
    lease = wakeups.claim(lease_seconds=seconds, tenant_id=tenant.id)
    assert lease is not None
    return lease


def freeze_during_a_replay(tenant) -> tuple[list[int], BaseException | None]:
    """A worker stands still in the middle of its turn, past its lease; somebody replays; the worker comes back."""
    relay()
    memory, frozen, thawed, start = MemoryTransport(), threading.Event(), threading.Event(), queries.head()

    def stand_still(event):
        if not frozen.is_set():
            frozen.set()
            thawed.wait(10)
        return DELIVERED

    memory.verdict = stand_still
    subscription = memory.subscribe()
    poke("a", "a")
    lease = claim(tenant, seconds=-1)
    with elsewhere() as call:
        turn = call(take_turn, lease)
        assert frozen.wait(10)
        services.replay(subscription_id=subscription.pk, after=start)
        thawed.set()
        failure = turn.exception(10)
    relay()
    return memory.versions("thing-a"), failure


def test_worker_frozen_past_its_lease_moves_no_cursor(live_acme):
    versions, failure = freeze_during_a_replay(live_acme)

    assert isinstance(failure, LeaseLost)
    assert versions[-2:] == [1, 2], "the replay was delivered"


def test_negative_control_without_the_fence_the_frozen_worker_swallows_the_replay(live_acme, monkeypatch):
    def naive(lease, _turn, *, parameters, **_facts):
        run("UPDATE events_cursor SET position = %s WHERE subscription_id = %s", *list(parameters.values())[:2])
        run("UPDATE public.operations_due SET due_at = NULL, lease_until = NULL WHERE id = %s", lease.due_id)

    monkeypatch.setattr(settling, "release", naive)
    versions, failure = freeze_during_a_replay(live_acme)

    assert (versions, failure) == ([1, 2], None)


def test_thawed_worker_delivers_nothing_more(memory, acme, monkeypatch):
    def takeover(_event):
        services.replay(subscription_id=subscription.pk, after=0)
        return DELIVERED

    monkeypatch.setattr(heartbeat, "BEAT", 0.0)
    subscription = memory.subscribe()
    memory.verdict = takeover
    poke("a", "a", "a")

    with pytest.raises(LeaseLost):
        take_turn(claim(acme))
    assert len(memory.offered) == 1


def test_heartbeat_keeps_the_lease_once_per_beat(memory, acme):
    memory.subscribe()
    poke("a")
    lease, now = claim(acme, seconds=5), [0.0]
    alive = Heartbeat(lease, lease_seconds=100, transactional=False, clock=lambda: now[0])

    held = []
    for now[0] in (BEAT / 2, BEAT):
        alive()
        held.append(run(HELD, lease.due_id)[0][0] > 50)

    assert held == [False, True]


def test_heartbeat_goes_on_from_parked_keys_to_redriven_letters(memory, acme, monkeypatch):
    memory.verdict = lambda event: Refused("no", permanent=event.stream == "thing-dead")
    memory.subscribe()
    poke("dead", "parked")
    relay()
    services.redrive(chosen=Chosen(every=True))
    end_waiting()
    now, held = [0.0], []
    monkeypatch.setattr(settling, "Heartbeat", partial(Heartbeat, clock=lambda: now[0]))
    lease = claim(acme, seconds=5)

    def slow(_event):
        held.append(run(HELD, lease.due_id)[0][0] > 6)
        now[0] += BEAT
        return DELIVERED

    memory.verdict = slow
    take_turn(lease)
    assert held == [False, True]


def test_transactional_turn_does_not_lock_its_due_row(memory, acme, django_assert_num_queries):
    memory.subscribe()
    poke("a")
    now = [0.0]
    alive = Heartbeat(claim(acme), lease_seconds=100, transactional=True, clock=lambda: now[0])
    now[0] = 10 * BEAT

    with django_assert_num_queries(0):
        alive()


def test_leaving_worker_hands_back_what_it_did_not_offer(memory, acme, stopped):
    def leave(_event):
        stopped()
        return DELIVERED

    memory.subscribe()
    memory.verdict = leave
    poke("a", "a", "a")
    lease = claim(acme)
    take_turn(lease)

    assert memory.versions("thing-a") == [1]
    assert run(
        "SELECT lease_until, due_at <= clock_timestamp() FROM public.operations_due WHERE id = %s", lease.due_id
    ) == [(None, True)]
    stopping.withdraw()
    memory.verdict = lambda _event: DELIVERED
    relay()
    assert memory.versions("thing-a") == [1, 2, 3]


def test_leaving_worker_starts_no_turn(memory, acme, stopped):
    memory.subscribe()
    poke("a")
    stopped()

    assert rounds.run(seconds=5, tenant_id=acme.id) is True
    assert memory.offered == []


def test_celerys_warm_shutdown_asks_the_relay_to_leave(stopped):
    worker_shutting_down.send(sender="worker", sig="SIGTERM", how="Warm", exitcode=0)

    assert stopping.requested()


def test_cursor_of_a_lost_lease_stays(memory, acme):
    memory.subscribe()
    poke("a")
    slow = claim(acme, seconds=-1)
    before = Cursor.objects.get().position
    claim(acme)

    with pytest.raises(LeaseLost):
        take_turn(slow)
    assert Cursor.objects.get().position == before
