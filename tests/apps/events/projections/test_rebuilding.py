"""A rebuild beside the live rows: nobody reads a wrong number, nothing counts twice, and it survives its starter."""

import threading
import time
from dataclasses import replace

import pytest

from apps.events.errors import HistoryRemoved, NothingToSwap, RebuildNotReady, StaleSnapshot, UnknownProjection
from apps.events.models import Subscription
from apps.events.projections import rebuilding
from apps.events.projections.feeding import ProjectionTransport
from apps.events.projections.snapshots import Snapshot
from apps.events.projections.states import projection_states
from apps.events.relay.reports import RelayReport
from apps.events.relay.rounds import serve_next
from apps.insights.models import StockDay
from rustok.context import current
from rustok.db.ids import new_id
from rustok.errors.families import PermissionDenied
from tests.support.events import poke, relay, run, together
from tests.support.log import newest_types
from tests.support.projections import Pokes, counted, counts


def start(**more):
    return rebuilding.start_rebuild(name="pokes", context=current(), **more)


def swap():
    return rebuilding.swap_builds(name="pokes", context=current())


def rebuild():
    start()
    assert rebuilding.catch_up(name="pokes", seconds=20)
    return swap()


def spoil():
    """As an old defect would have: the live rows say something that no fact says."""
    StockDay.objects.filter(sku="a").update(movements=40)
    StockDay.objects.filter(sku="b").delete()


def test_rebuild_replaces_what_readers_see(pokes, acme):
    poke(*"aab")
    relay()
    spoil()

    found = rebuild()

    assert counts() == {"a": 2, "b": 1}
    (diff,) = found.diffs
    assert (diff.changed, diff.added, diff.missing, found.is_equal, found.swapped) == (1, 1, 0, False, True)
    assert {after and after["sku"] for _before, after in diff.samples} == {"a", "b"}


def test_shadow_is_not_seen_before_the_swap(pokes, acme):
    poke(*"aab")
    relay()
    start()
    rebuilding.catch_up(name="pokes", seconds=20)

    assert counted() == 3
    assert StockDay.objects.count() == 4


def test_facts_go_on_counting_after_a_swap(pokes, acme):
    poke("a")
    relay()
    rebuild()
    poke("a", "b")
    relay()
    rebuild()
    poke("b")
    relay()

    assert counts() == {"a": 2, "b": 2}


@pytest.mark.parametrize("ahead", ["live", "shadow"])
def test_builds_are_compared_at_one_position(pokes, acme, ahead):
    poke("a")
    relay()
    start()
    rebuilding.catch_up(name="pokes", seconds=20)
    poke("a", "b")
    late = Subscription.objects.filter(name="projection:pokes" + (":shadow" if ahead == "live" else ""))
    late.update(status="paused")
    relay()
    late.update(status="active")

    found = rebuilding.compare_builds(name="pokes", context=current())

    assert (found.position, found.is_equal, found.swapped) == (3, True, False)
    assert counts() == {"a": 2, "b": 1}
    relay()
    assert counts() == {"a": 2, "b": 1}


def test_sweep_takes_only_rows_that_nobody_feeds(pokes, acme):
    poke(*"abc")
    relay()
    rebuild()
    start()
    rebuilding.catch_up(name="pokes", seconds=20)

    assert rebuilding.sweep_builds(name="pokes") == 3
    assert StockDay.objects.count() == 6


def test_second_start_goes_on_with_the_first(pokes, acme):
    poke("a")
    relay()
    first = start()

    assert start().id == first.id


def test_rebuild_goes_on_where_its_killed_starter_left_it(pokes, acme, monkeypatch):
    poke(*"abcde")
    relay()
    start()
    pokes.batches.clear()
    monkeypatch.setattr(ProjectionTransport, "batch", 2)
    serve_next(report=RelayReport(), tenant_id=acme.id)
    start()
    rebuilding.catch_up(name="pokes", seconds=20)

    assert pokes.batches == [2, 2, 1]
    assert swap().is_equal


def test_half_build_of_another_version_is_dropped(pokes, acme, monkeypatch):
    poke("a")
    relay()
    first = start()
    monkeypatch.setattr(Pokes, "version", 2)

    assert start().id != first.id


def test_outdated_build_is_replaced_without_a_comparison(pokes, acme, monkeypatch):
    poke("a")
    relay()
    monkeypatch.setattr(Pokes, "version", 2)
    poke("a")
    relay()

    found = rebuild()

    assert (found.is_equal, counts()) == (None, {"a": 2})


def test_abandoned_rebuild_leaves_nothing(pokes, acme):
    poke("a")
    relay()
    start()
    rebuilding.catch_up(name="pokes", seconds=20)

    assert rebuilding.abandon_rebuild(name="pokes", context=current())
    rebuilding.sweep_builds(name="pokes")
    assert StockDay.objects.count() == 1
    assert not rebuilding.abandon_rebuild(name="pokes", context=current())


def test_shadow_that_refused_facts_does_not_take_over(pokes, acme):
    poke("a", "bad")
    relay()
    pokes.poison = {"bad"}
    start()
    rebuilding.catch_up(name="pokes", seconds=1)

    with pytest.raises(RebuildNotReady):
        swap()
    assert counts() == {"a": 1, "bad": 1}


def test_there_must_be_something_to_swap(pokes, acme):
    poke("a")
    relay()

    with pytest.raises(NothingToSwap):
        swap()
    with pytest.raises(NothingToSwap):
        rebuilding.catch_up(name="pokes", seconds=1)


def test_unknown_projection_is_refused(acme):
    with pytest.raises(UnknownProjection):
        rebuilding.start_rebuild(name="nothing", context=current())


@pytest.mark.parametrize("step", ["start_rebuild", "swap_builds", "abandon_rebuild", "compare_builds", "take_snapshot"])
def test_every_step_asks_for_its_permission(pokes, mallory_context, step):
    with pytest.raises(PermissionDenied):
        getattr(rebuilding, step)(name="pokes", context=mallory_context)


def test_rebuild_from_a_snapshot_reads_only_what_came_later(pokes, acme):
    poke(*"aab")
    relay()
    snapshot, position = rebuilding.take_snapshot(name="pokes", context=current())
    poke("a")
    relay()
    pokes.batches.clear()
    start(snapshot=snapshot, after=position)
    rebuilding.catch_up(name="pokes", seconds=20)

    assert sum(pokes.batches) == 1
    assert swap().is_equal
    assert counts() == {"a": 3, "b": 1}


def test_rebuild_where_events_were_removed_needs_a_later_snapshot(pokes, acme):
    poke(*"aab")
    relay()
    snapshot, position = rebuilding.take_snapshot(name="pokes", context=current())
    run("INSERT INTO events_counter (id, name, position) VALUES (%s, 'floor', %s)", new_id(), position)

    with pytest.raises(HistoryRemoved, match=str(position)):
        start()
    with pytest.raises(HistoryRemoved):
        start(snapshot=snapshot, after=position - 1)
    assert Subscription.objects.filter(name="projection:pokes:shadow").count() == 0

    start(snapshot=snapshot, after=position)
    rebuilding.abandon_rebuild(name="pokes", context=current())
    start(despite_removed=True)


def test_snapshot_of_another_version_never_loads(pokes, acme):
    poke("a")
    relay()
    snapshot, position = rebuilding.take_snapshot(name="pokes", context=current())

    with pytest.raises(StaleSnapshot):
        start(snapshot=replace(snapshot, version=7), after=position)
    assert next(state for state in projection_states() if state.name == "pokes").shadow is None


def test_snapshots_of_equal_rows_have_equal_digests(pokes, acme):
    poke(*"aab")
    relay()
    before, _position = rebuilding.take_snapshot(name="pokes", context=current())
    rebuild()
    after, _position = rebuilding.take_snapshot(name="pokes", context=current())

    assert before.digest == after.digest
    assert Snapshot("pokes", 1, {**before.rows, "insights_stockday": ()}).digest != before.digest


def test_snapshot_is_not_taken_while_facts_are_missing(pokes, acme):
    pokes.poison = {"bad"}
    poke("a", "bad")
    relay()

    with pytest.raises(RebuildNotReady):
        rebuilding.take_snapshot(name="pokes", context=current())


def test_rebuilds_while_writers_write_and_readers_read(pokes, live_acme):
    """Two swaps under load: no read goes back, no fact counts twice, the end equals a cold rebuild."""
    poke(*"abcdefgh" * 50)
    relay()
    stop, reads = threading.Event(), []

    def write(writer):
        while not stop.is_set():
            poke(f"{writer}", f"{writer}", "shared-" + writer)
            time.sleep(0.01)

    def read():
        while not stop.is_set():
            reads.append(counted())

    def relays():
        while not stop.is_set():
            relay()
            time.sleep(0.01)

    def rebuilds():
        try:
            for _round in range(2):
                rebuild()
                rebuilding.sweep_builds(name="pokes")
        finally:
            stop.set()

    together(rebuilds, relays, read, lambda: write("x"), lambda: write("y"))
    relay()
    true = run("SELECT count(*) FROM events_event WHERE type = 'testkit.thing_poked'")[0][0]

    assert counted() == true > 400
    assert reads == sorted(reads), "a read went back: rows of another build, or none"
    assert min(reads) >= 400
    assert rebuild().is_equal
    assert newest_types(1) == ["testkit.thing_poked"]
