"""Leases, crashes, fairness: whatever dies or hangs, the tables bring the work back, and nobody waits for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.events import services
from apps.events.models import Cursor
from apps.events.relay import rounds
from apps.events.relay.reports import RelayReport
from apps.events.relay.resting import Resting
from apps.events.relay.turns import take_turn
from apps.events.transports import DELIVERED
from apps.lifecycle.services import resume_tenant, suspend_tenant
from apps.operations import wakeups
from apps.operations.wakeups import LeaseLost
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.resolution.directory import directory
from rustok.context import current
from rustok.db.ids import new_id
from rustok.db.transactions import unit_of_work
from tests.support.events import MemoryTransport, ThingPoked, elsewhere, poke, relay, run
from tests.support.statements import counted


def claim(tenant, seconds: float = 30.0):
    rounds.number_waiting(report=RelayReport(), tenant_id=tenant.id)
    lease = wakeups.claim(lease_seconds=seconds, tenant_id=tenant.id)
    assert lease is not None
    return lease


def test_leased_partition_is_not_claimed_twice(memory, acme):
    memory.subscribe()
    poke("a")
    claim(acme)

    assert wakeups.claim(lease_seconds=30, tenant_id=acme.id) is None


def test_dead_holders_work_is_done_again(memory, acme):
    """The holder died after its deliveries and before its commit: at least once."""
    memory.subscribe()
    poke("a")
    claim(acme, seconds=-1)

    relay()

    assert memory.versions("thing-a") == [1]


def test_slow_holder_commits_nothing_after_its_lease(memory, acme):
    memory.subscribe()
    poke("a")
    slow = claim(acme, seconds=-1)
    claim(acme)
    before = Cursor.objects.get().position

    with pytest.raises(LeaseLost):
        take_turn(slow)

    assert Cursor.objects.get().position == before


def test_replay_during_a_turn_is_not_overwritten(memory, acme):
    subscription = memory.subscribe()
    poke("a")
    lease = claim(acme)
    services.replay(subscription_id=subscription.pk, after=0)

    with pytest.raises(LeaseLost):
        take_turn(lease)


def test_event_that_comes_during_a_turn_is_delivered(memory, acme):
    def deliver_and_write(event):
        if len(memory.offered) == 1:
            poke("late")
            rounds.number_waiting(report=RelayReport(), tenant_id=acme.id)
        return DELIVERED

    memory.subscribe()
    memory.verdict = deliver_and_write
    poke("a")
    relay()

    assert memory.versions("thing-late") == [1]


def test_subscription_whose_transport_is_gone_holds_up_nobody(memory, acme):
    services.subscribe(name="gone", transport="uninstalled")
    memory.subscribe()
    poke("a")
    relay()

    assert memory.versions("thing-a") == [1]
    assert run("SELECT pauses FROM public.operations_due WHERE tenant_id = %s AND not_before > now()", acme.id) == [
        (1,)
    ]


NUMBERING = "ALTER TABLE events_counter RENAME COLUMN position TO place", "place TO position"
SERVING = "ALTER TABLE events_cursor RENAME COLUMN moved_at TO changed_at", "changed_at TO moved_at"
STORAGE = 'ALTER SCHEMA "{schema}" RENAME TO nowhere', ""


@pytest.fixture
def broken(globex, monkeypatch):
    """`broken(statement)`: globex is no more what the code expects; something waits there."""
    monkeypatch.setattr(rounds, "RESTING", Resting())

    def by(statement: str) -> None:
        with tenant_scope(globex):
            relay()
            MemoryTransport().subscribe(name="quiet")
            poke("b")
            run(statement.format(schema=globex.schema))

    return by


@pytest.mark.parametrize("damage", [NUMBERING, SERVING, STORAGE], ids=["numbering", "serving", "storage"])
def test_broken_shop_holds_up_nobody(memory, acme, broken, damage):
    memory.subscribe()
    broken(damage[0])
    poke("a")
    rounds.drain(seconds=5)

    assert memory.versions("thing-a") == [1]


def test_defect_while_a_shop_is_numbered_holds_up_nobody(memory, acme, globex, broken, monkeypatch):
    """Whatever it is, as a subscription in the code whose filter cannot be read."""
    memory.subscribe()
    broken("SELECT 1")
    poke("a")
    monkeypatch.setattr("apps.events.enrolment._sources", [lambda: () if current().tenant == acme else int("x")])
    rounds.drain(seconds=5)

    assert memory.versions("thing-a") == [1]


def test_what_waited_in_a_broken_shop_is_numbered_when_it_is_mended(acme, globex, broken, monkeypatch):
    statement, back = NUMBERING
    broken(statement)
    rounds.drain(seconds=5)
    assert rounds.number_waiting(report=RelayReport(), tenant_id=globex.id) is rounds.Numbering.IDLE, "it rests"
    with tenant_scope(globex):
        run(f"ALTER TABLE events_counter RENAME COLUMN {back}")
    monkeypatch.setattr(rounds, "RESTING", Resting())

    assert rounds.drain(seconds=5, tenant_id=globex.id).numbered == 1


def test_rests_of_a_log_double_up_to_a_minute_and_are_forgotten():
    now, log = [0.0], new_id()
    resting = Resting(clock=lambda: now[0])

    assert [resting.begin(log) for _ in range(7)] == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert resting.now() == [log]
    now[0] = 60.0
    assert resting.now() == []
    resting.end(log)
    assert resting.begin(log) == 2.0


def test_idle_log_costs_no_turn(memory):
    memory.subscribe()
    poke("a")
    relay()

    assert relay() == RelayReport()


def test_round_of_one_event_asks_nothing_twice(memory, acme):
    """Look, number (2), claim, turn (3), claim in vain, look: who adds a statement pays it for every order."""
    memory.subscribe()
    poke("a")
    relay()
    poke("a")

    with counted() as statements:
        rounds.run(seconds=5, tenant_id=acme.id)
    assert (len(memory.taken), len(statements)) == (2, 9), "\n".join(statements)


def test_partition_served_goes_to_the_back_of_the_queue(memory, acme, globex):
    """A flood in one shop: the other's single event is delivered within two batches."""
    memory.subscribe()
    relay()
    with tenant_scope(globex):
        relay()
        quiet = MemoryTransport()
        quiet.subscribe(name="quiet")
    run("UPDATE public.operations_due SET due_at = NULL")
    poke(*["a"] * 1000)
    rounds.number_waiting(report=RelayReport(), tenant_id=acme.id)
    with tenant_scope(globex):
        poke("b")
    rounds.number_waiting(report=RelayReport(), tenant_id=globex.id)

    for _turn in range(2):
        rounds.serve_next(report=RelayReport())

    assert quiet.versions("thing-b") == [1]


def test_suspended_tenants_events_are_numbered_but_not_delivered(memory, acme, monkeypatch):
    memory.subscribe()
    poke("a")
    suspended = replace(acme, status="suspended")
    monkeypatch.setattr("apps.events.relay.scopes.resolve_slug", lambda _slug: suspended)
    report = relay()
    assert (report.numbered, memory.offered) == (1, [])

    monkeypatch.undo()
    services.wake(tenant_id=acme.id)
    assert relay().delivered == 1


def test_resumed_tenant_does_not_wait_long_for_a_worker_that_has_not_heard_of_it(memory, acme, monkeypatch):
    """What a process remembers of a tenant may be two seconds old; it is due at once after it was resumed."""
    memory.subscribe()
    poke("a")
    suspended = replace(acme, status="suspended")
    monkeypatch.setattr("apps.events.relay.scopes.resolve_slug", lambda _slug: suspended)
    relay()
    services.wake(tenant_id=acme.id)
    relay()

    wait = "SELECT max(extract(epoch FROM due_at - now()))::float8 FROM public.operations_due WHERE tenant_id = %s"
    assert run(wait, acme.id)[0][0] < 5


def test_what_a_vanished_tenant_left_is_forgotten(acme):
    ghost = new_id()
    wakeups.enrol(tenant_id=ghost, subscription_id=new_id(), partitions=2)
    run("INSERT INTO public.operations_wakeup (id, tenant_id) VALUES (%s, %s)", new_id(), ghost)

    rounds.drain(tenant_id=ghost)

    assert run("SELECT count(*) FROM public.operations_due WHERE tenant_id = %s", ghost) == [(0,)]
    assert wakeups.waiting(tenant_id=ghost) == []


def test_open_writer_delays_no_delivery_and_its_event_is_delivered(live_acme):
    """Acceptance 3: whoever holds a transaction open, for however long, holds up nobody else and loses nothing."""
    relay()
    memory = MemoryTransport()
    memory.subscribe()
    with elsewhere() as call, unit_of_work() as uow:
        uow.record(ThingPoked(thing="slow"), new_stream=True)
        uow.flush()
        for name in ("quick", "next"):
            call(poke, name).result(10)
            call(relay).result(20)
        before_commit = [event.stream for event in memory.taken]
    relay()

    assert before_commit == ["thing-quick", "thing-next"]
    assert [event.stream for event in memory.taken][2:] == ["thing-slow"]


def test_parallel_relays_share_the_work_without_doubles(live_acme):
    relay()
    memory = MemoryTransport()
    memory.subscribe(partitions=4)
    poke(*"abcdefghijklmnop" * 20)
    with elsewhere() as call:
        other = call(rounds.drain, tenant_id=live_acme.id, seconds=20)
        relay()
        other.result(30)

    assert sorted(e.position for e in memory.taken) == sorted({e.position for e in memory.taken})
    assert all(memory.versions(f"thing-{name}") == list(range(1, 21)) for name in "abcdefghijklmnop")


def test_resumed_tenant_gets_its_deliveries_at_once(memory, acme, context):
    memory.subscribe()
    suspend_tenant(tenant_id=acme.id, reason="unpaid", context=context)
    poke("a")
    with platform_scope("the relay runs for everybody"):
        directory().recheck()
        rounds.drain(tenant_id=acme.id)
    assert memory.offered == []

    resume_tenant(tenant_id=acme.id, context=context)
    directory().recheck()
    relay()

    assert memory.versions("thing-a") == [1]
