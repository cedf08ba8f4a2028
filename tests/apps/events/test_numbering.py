"""Positions: dense, in stream order, neither skipped nor held up by open transactions, whatever the clocks say."""

from __future__ import annotations

import contextlib
import itertools
import threading
from uuid import UUID

from django.db import transaction
from uuid_utils import compat

from apps.events import recorder
from apps.events.models import Counter, Event
from apps.events.numbering import number
from apps.operations import wakeups
from apps.operations.models import Wakeup
from rustok.db.ids import new_id
from rustok.db.transactions import unit_of_work
from rustok.errors.families import VersionConflict
from tests.support.events import ThingPoked, elsewhere, poke, run, together


def positions() -> list[tuple[int, str, int]]:
    return list(Event.objects.exclude(position=None).order_by("position").values_list("position", "stream", "version"))


def assert_dense_and_ordered() -> None:
    """1, 2, 3, … without a gap, and each stream in the order of its versions."""
    rows = positions()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    streams: dict[str, int] = {}
    for _position, stream, version in rows:
        assert version == streams.get(stream, 0) + 1
        streams[stream] = version


def test_positions_are_dense_over_rolled_back_appends(acme):
    poke("a")
    with transaction.atomic():
        poke("lost")
        transaction.set_rollback(True)
    poke("b")

    number(tenant_id=acme.id)

    assert_dense_and_ordered()


def test_numbering_twice_changes_nothing(acme):
    poke("a", "b")
    number(tenant_id=acme.id)
    before = positions()

    assert number(tenant_id=acme.id) == 0
    assert positions() == before


def test_step_bounds_the_work_and_keeps_the_wakeups(acme):
    poke(*"abcde")
    marks = [mark for _tenant, marks in wakeups.waiting(tenant_id=acme.id) for mark in marks]

    assert number(tenant_id=acme.id, wakeups=marks, step=3) == 3
    assert Wakeup.objects.filter(pk__in=marks).count() == len(marks)


def test_only_wakeups_that_were_read_are_deleted(acme):
    poke("a")
    marks = [mark for _tenant, marks in wakeups.waiting(tenant_id=acme.id) for mark in marks]
    poke("b")

    number(tenant_id=acme.id, wakeups=marks)

    assert Wakeup.objects.filter(tenant_id=acme.id).exclude(pk__in=marks).count() == 1
    assert not Wakeup.objects.filter(pk__in=marks).exists()


def test_open_writer_delays_nobody_and_loses_nothing(live_acme):
    start = len(positions())
    with elsewhere() as call, unit_of_work() as uow:
        uow.record(ThingPoked(thing="slow"), new_stream=True)
        uow.flush()
        call(poke, "quick").result(10)
        assert call(number, tenant_id=live_acme.id).result(10) >= 1
        assert [row[1] for row in call(positions).result(10)[start:]] == ["thing-quick"]

    number(tenant_id=live_acme.id)

    assert [row[1] for row in positions()[start:]] == ["thing-quick", "thing-slow"]
    assert_dense_and_ordered()


def test_negative_control_a_cursor_over_the_sequence_loses_the_late_commit(live_acme):
    """Trap 1, deterministic: the reader passes the open writer's number, and never sees its event."""

    def read_after(seq: int) -> list[tuple[int, str]]:
        return list(Event.objects.filter(seq__gt=seq).order_by("seq").values_list("seq", "stream"))

    cursor = max((seq for seq, _stream in read_after(0)), default=0)
    with elsewhere() as call, unit_of_work() as uow:
        uow.record(ThingPoked(thing="slow"), new_stream=True)
        uow.flush()
        call(poke, "quick").result(10)
        seen = call(read_after, cursor).result(10)

    seen += read_after(seen[-1][0])

    assert [stream for _seq, stream in seen] == ["thing-quick"]


def test_second_sequencer_steps_aside(live_acme):
    poke("a")
    number(tenant_id=live_acme.id)
    with elsewhere() as call, transaction.atomic():
        Counter.objects.select_for_update().get(name="log")

        assert call(number, tenant_id=live_acme.id).result(10) is None


def test_overlapping_sequencers_and_writers_make_no_gap_and_no_double(live_acme):
    writing = threading.Barrier(5)

    def write(name: str) -> None:
        writing.wait(10)
        for _ in range(15):
            poke(name, "shared-" + name)

    def sequence() -> None:
        writing.wait(10)
        for _ in range(60):
            number(tenant_id=live_acme.id, step=7)

    together(lambda: write("a"), lambda: write("b"), lambda: write("c"), sequence, sequence)
    while number(tenant_id=live_acme.id):
        pass

    assert len([row for row in positions() if row[1].startswith("thing-")]) == 90
    assert_dense_and_ordered()


def test_skewed_clocks_do_not_reorder_a_stream(acme, monkeypatch):
    """Each write's clock is behind the one before (trap 54): ids run backwards, positions do not."""
    backwards = itertools.count(0xFFFF_FFFF, -1)
    monkeypatch.setattr(recorder, "new_id", lambda: _id_at(next(backwards)))
    for _ in range(5):
        poke("a")

    number(tenant_id=acme.id)

    assert list(Event.objects.filter(stream="thing-a").order_by("id").values_list("version", flat=True)) == [
        5,
        4,
        3,
        2,
        1,
    ]
    assert_dense_and_ordered()


def test_overlapping_sequencers_number_writers_with_skewed_clocks(live_acme, monkeypatch):
    """Writers an hour apart on the same streams, two sequencers in each other's way: dense, no double, in order."""
    skew = threading.local()
    monkeypatch.setattr(recorder, "new_id", lambda: _id_at(1_700_000_000_000 + skew.ms + next(ticks)))
    ticks, ready, start = itertools.count(), threading.Barrier(4), len(positions())
    shared = [f"shared-{new_id()}", f"shared-{new_id()}"]

    def write(milliseconds: int) -> None:
        skew.ms = milliseconds
        ready.wait(10)
        for _ in range(20):
            with contextlib.suppress(VersionConflict):
                poke(*shared)

    def sequence() -> None:
        ready.wait(10)
        for _ in range(40):
            number(tenant_id=live_acme.id, step=3)

    together(lambda: write(0), lambda: write(-3_600_000), sequence, sequence)
    while number(tenant_id=live_acme.id):
        pass

    assert len(positions()) >= start + 40
    assert_dense_and_ordered()


def _id_at(milliseconds: int) -> UUID:
    return UUID(int=(milliseconds << 80) | (compat.uuid7().int & ((1 << 80) - 1)))


def test_numbering_is_two_statements(acme, django_assert_num_queries):
    poke("a")
    number(tenant_id=acme.id)
    poke("b")

    with django_assert_num_queries(4):  # savepoint and its release in a rolled-back test
        number(tenant_id=acme.id)


def test_facts_of_one_transaction_keep_their_order(acme):
    poke(*"cabcab")
    number(tenant_id=acme.id)

    rows = run("SELECT data->>'n' FROM events_event WHERE stream LIKE 'thing-%%' ORDER BY position".replace("%%", "%"))
    assert [int(n) for (n,) in rows] == [0, 1, 2, 3, 4, 5]
