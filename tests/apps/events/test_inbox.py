"""The inbox: an event has its effect once per consumer, whoever delivers it how often, together or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.events import inbox
from apps.events.models import InboxEntry
from apps.events.tasks import forget_inbox
from rustok.db.ids import new_id
from rustok.db.transactions import unit_of_work
from tests.support.events import ThingPoked, run
from tests.support.race import race


def effects() -> int:
    """How often the effect of these tests is there."""
    return InboxEntry.objects.filter(consumer="effect").count()


def effect() -> None:
    run("INSERT INTO events_inbox (id, consumer, event_id) VALUES (%s, 'effect', %s)", new_id(), new_id())


def test_effect_happens_once_per_consumer(acme):
    event_id = new_id()

    done = [inbox.run_once(event_id, consumer, effect) for consumer in ("mailer", "mailer", "printer")]

    assert done == [True, False, True]
    assert effects() == 2


def test_failed_effect_gives_the_event_back(acme):
    event_id = new_id()

    def fail() -> None:
        effect()
        raise ValueError("no paper")

    with pytest.raises(ValueError, match="no paper"):
        inbox.run_once(event_id, "printer", fail)

    assert effects() == 0
    assert inbox.run_once(event_id, "printer", effect)


def test_facts_of_the_effect_commit_with_it(acme):
    event_id = new_id()
    with inbox.once(event_id, "mailer") as first:
        assert first
        with unit_of_work() as uow:
            uow.record(ThingPoked(thing="mailed"))

    assert run("SELECT count(*) FROM events_event WHERE stream = 'thing-mailed'") == [(1,)]


def test_parallel_deliveries_have_one_effect(live_acme):
    event_id = new_id()

    done = race(live_acme, [lambda _context: inbox.run_once(event_id, "mailer", effect)] * 8)

    assert sorted(done) == [False] * 7 + [True]
    assert effects() == 1


def test_without_the_inbox_parallel_deliveries_have_many(live_acme):
    race(live_acme, [lambda _context: effect()] * 4)

    assert effects() == 4


def test_old_entries_are_forgotten_and_young_ones_kept(acme):
    old, young = new_id(), new_id()
    moment = datetime.now(UTC) - timedelta(days=40)
    ancient = inbox._first_id(moment)
    run("INSERT INTO events_inbox (id, consumer, event_id) VALUES (%s, 'mailer', %s)", ancient, old)
    inbox.take(consumer="mailer", event_id=young)

    assert inbox.forget(days=30) == 1
    assert inbox.take(consumer="mailer", event_id=old)
    assert not inbox.take(consumer="mailer", event_id=young)


def test_task_forgets_in_every_scope(acme):
    ancient = inbox._first_id(datetime(2020, 1, 1, tzinfo=UTC))
    run("INSERT INTO events_inbox (id, consumer, event_id) VALUES (%s, 'mailer', %s)", ancient, new_id())

    forget_inbox()

    assert not InboxEntry.objects.filter(pk=ancient).exists()


def test_forgetting_stops_at_its_limit(acme):
    for number in range(5):
        ancient = inbox._first_id(datetime(2020, 1, 1 + number, tzinfo=UTC))
        run("INSERT INTO events_inbox (id, consumer, event_id) VALUES (%s, 'mailer', %s)", ancient, new_id())

    assert [inbox.forget(days=30, limit=3), inbox.forget(days=30, limit=3)] == [3, 2]
