"""Fair between tenants, and nobody idles: counted in turns, so the machine's speed does not matter."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest

from apps.events.numbering import number
from apps.events.relay import policy, rounds
from apps.events.relay.reports import RelayReport
from apps.events.transports import DELIVERED
from apps.tenants.isolation import tenant_scope
from tests.support.events import MemoryTransport, elsewhere, poke, relay, run

FLOOD, PARTITIONS, BATCH = 10_000, 16, 100
RECORDED = """
    INSERT INTO events_event (id, stream, version, type, schema_version, data, metadata)
    SELECT gen_random_uuid(), 'thing-' || n, 1, 'testkit.thing_poked', 1, '{}', '{}' FROM generate_series(1, %s) n
"""


@pytest.fixture
def flood(acme) -> MemoryTransport:
    """Acme has 10,000 events queued in many partitions; nothing else is due anywhere."""
    relay()
    memory = MemoryTransport(batch=BATCH, chunk=BATCH)
    memory.subscribe(partitions=PARTITIONS)
    run("UPDATE public.operations_due SET due_at = NULL")
    run(RECORDED, FLOOD)
    while number(tenant_id=acme.id):
        pass
    return memory


@pytest.fixture
def single(flood, globex) -> MemoryTransport:
    """Globex has one, and it came last."""
    with tenant_scope(globex):
        quiet = MemoryTransport()
        quiet.subscribe(name="quiet")
        run("UPDATE public.operations_due SET due_at = NULL WHERE tenant_id = %s", globex.id)
        poke("b")
        number(tenant_id=globex.id)
    return quiet


def turn_of(tenant) -> None:
    """Let the rotation stand just before this tenant."""
    rounds.SLOTS.last = UUID(int=tenant.id.int - 1)


def test_single_event_beside_a_flood_is_delivered_within_two_batches(single, acme):
    turn_of(acme)
    for _turn in range(2):
        rounds.serve_next(report=RelayReport())

    assert single.versions("thing-b") == [1]


def test_negative_control_without_rotation_the_flood_goes_first(single, acme):
    for _turn in range(2):
        turn_of(acme)
        rounds.serve_next(report=RelayReport())

    assert single.taken == []


def test_lone_tenant_gets_the_whole_capacity(flood):
    """No turn is kept free for others, and at most one in twenty comes back with less than a full batch."""
    report = RelayReport()
    while rounds.serve_next(report=report):
        pass

    assert len(flood.taken) == FLOOD
    last_ones = PARTITIONS  # what is left for a partition's last turn need not fill it
    assert (report.turns - last_ones) * 0.95 <= FLOOD / BATCH


def test_partitions_of_one_tenant_take_turns(flood):
    for _turn in range(PARTITIONS):
        rounds.serve_next(report=RelayReport())

    assert run("SELECT min(position) > 0, count(*) FROM events_cursor WHERE partition > 0") == [(True, PARTITIONS - 1)]
    assert len(flood.taken) == PARTITIONS * BATCH


def test_hanging_subscription_leaves_a_relay_to_the_others(live_acme):
    """Relays ask for turns while its turns do not end: the last of them serves only somebody else."""
    relay()
    hung, healthy, free, hanging = MemoryTransport(), MemoryTransport(), threading.Event(), threading.Semaphore(0)

    def hang(_event):
        hanging.release()
        free.wait(20)
        return DELIVERED

    hung.verdict = hang
    hung.subscribe(name="hung", partitions=8)
    poke(*"abcdefghijklmnop")
    number(tenant_id=live_acme.id)
    with elsewhere() as one, elsewhere() as another:
        turns = [call(rounds.serve_next, report=RelayReport(), tenant_id=live_acme.id) for call in (one, another)]
        assert all(hanging.acquire(timeout=10) for _turn in turns)
        alone = rounds.serve_next(report=RelayReport(), tenant_id=live_acme.id)
        healthy.subscribe(name="healthy")
        poke("a")
        number(tenant_id=live_acme.id)
        served = rounds.serve_next(report=RelayReport(), tenant_id=live_acme.id)
        free.set()
        assert all(turn.result(20) for turn in turns)

    assert (policy.SLOTS - 1, alone, served, len(healthy.taken)) == (2, False, True, 1)
