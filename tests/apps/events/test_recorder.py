"""Appending: one statement, versions per stream, wake-up and metadata with the facts, conflicts typed."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from apps.events import causation
from apps.events.models import Event
from apps.events.recorder import PostgresEventRecorder
from apps.operations.models import Wakeup
from rustok.db.ids import new_id
from rustok.db.transactions import TransactionRequired, unit_of_work
from rustok.errors.families import VersionConflict
from tests.support.events import ThingPoked, elsewhere, poke, run


def versions(stream: str) -> list[int]:
    return list(Event.objects.filter(stream=stream).order_by("seq").values_list("version", flat=True))


def test_versions_count_up_per_stream(acme):
    poke("a", "b", "a")
    poke("a")

    assert versions("thing-a") == [1, 2, 3]
    assert versions("thing-b") == [1]


def test_new_stream_starts_at_one_without_reading(acme):
    with unit_of_work() as uow:
        uow.record(ThingPoked(thing="a"), ThingPoked(thing="a"), new_stream=True)

    assert versions("thing-a") == [1, 2]


@pytest.mark.parametrize(("expected", "head"), [(0, 2), (1, 2), (3, 2), (5, 2)])
def test_a_stream_that_is_elsewhere_is_a_conflict(acme, expected, head):
    poke("a", "a")

    with pytest.raises(VersionConflict) as refused, transaction.atomic(), unit_of_work() as uow:
        uow.record(ThingPoked(thing="a"), expected_version=expected)

    assert refused.value.context["resource"] == "thing-a"
    assert expected == 0 or refused.value.context["current"] == head
    assert versions("thing-a") == [1, 2]


def test_facts_follow_the_expected_version(acme):
    poke("a", "a")

    with unit_of_work() as uow:
        uow.record(ThingPoked(thing="a"), ThingPoked(thing="a"), expected_version=2)

    assert versions("thing-a") == [1, 2, 3, 4]


def test_expectations_end_with_a_flush(acme):
    with unit_of_work() as uow:
        uow.record(ThingPoked(thing="a"), new_stream=True)
        uow.flush()
        uow.record(ThingPoked(thing="a"))

    assert versions("thing-a") == [1, 2]


def test_two_writers_that_expect_the_same_version_do_not_both_win(live_acme):
    poke("a")

    def expecting() -> None:
        with unit_of_work() as uow:
            uow.record(ThingPoked(thing="a"), expected_version=1)

    def overtaken(call) -> None:
        with unit_of_work() as uow:
            uow.record(ThingPoked(thing="a"), expected_version=1)
            call(expecting).result(10)

    with elsewhere() as call, pytest.raises(VersionConflict):
        overtaken(call)

    assert versions("thing-a") == [1, 2]


def test_append_is_one_statement_with_the_wakeup(acme, django_assert_num_queries):
    with unit_of_work() as uow:
        uow.record(ThingPoked(thing="a"), ThingPoked(thing="b"))
        with django_assert_num_queries(1):
            uow.flush()

    assert Wakeup.objects.filter(tenant_id=acme.id).count() >= 1


def test_platform_facts_go_to_the_platforms_log(platform):
    poke("a")

    assert run("SELECT count(*) FROM public.events_event WHERE stream = 'thing-a'") == [(1,)]


def test_stored_data_are_the_facts_data(acme):
    event = ThingPoked(thing="ключ", n=7)
    with unit_of_work() as uow:
        uow.record(event)

    assert Event.objects.get(stream=event.stream).data == event.data()


def test_metadata_tell_who_why_and_within_which_trace(acme, context):
    cause = new_id()
    with causation.caused_by(cause):
        poke("a")

    assert Event.objects.get(stream="thing-a").metadata == {
        "actor": "user:alice",
        "correlation": context.request_id,
        "causation": str(cause),
        "traceparent": context.trace.traceparent,
    }


def test_append_outside_a_unit_of_work_is_refused(acme):
    with pytest.raises(TransactionRequired):
        PostgresEventRecorder().append([ThingPoked(thing="a")], expected={})


def test_parallel_writer_of_the_same_version_gets_a_conflict(live_acme):
    def write_late(call) -> None:
        with unit_of_work() as uow:
            uow.record(ThingPoked(thing="a"), new_stream=True)
            call(poke, "a").result(10)

    with elsewhere() as call, pytest.raises(VersionConflict) as refused:
        write_late(call)

    assert refused.value.context == {"resource": "thing-a", "current": 1}
    assert versions("thing-a") == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events_event SET data = '{}'",
        "UPDATE events_event SET stream = 'other'",
        "UPDATE events_event SET position = position + 1",
        "DELETE FROM events_event",
    ],
)
def test_the_database_refuses_to_rewrite_history(acme, statement):
    poke("a")
    run("UPDATE events_event SET position = 1000000 WHERE stream = 'thing-a'")

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        run(statement)
