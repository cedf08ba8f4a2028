"""Retention: old and delivered events go; nothing that anybody still has to get does (trap 7)."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.events import queries, services, tasks
from apps.events.integrity import defects
from apps.events.models import Event
from apps.events.numbering import number
from apps.events.retention import prune
from apps.events.transports import DELIVERED, Refused
from rustok.config import config
from tests.support.events import MemoryTransport, end_waiting, poke, relay, run


@pytest.fixture
def memory(acme) -> MemoryTransport:
    """A reader that has three versions of `a` and of `b`."""
    relay()
    made = MemoryTransport()
    made.subscribe()
    poke("a", "b")
    poke("a", "b")
    poke("a", "b")
    return made


def age(days: int = 100) -> None:
    """As if everything in the log were so old."""
    run("ALTER TABLE events_event DISABLE TRIGGER USER")
    run("UPDATE events_event SET recorded_at = recorded_at - make_interval(days => %s)", days)
    run("ALTER TABLE events_event ENABLE TRIGGER USER")


def left(stream: str) -> list[int]:
    return list(Event.objects.filter(stream=stream).order_by("version").values_list("version", flat=True))


def test_delivered_events_go_and_the_last_of_each_stream_stays(memory):
    relay()
    age()

    assert prune(days=30).events == 4
    assert (left("thing-a"), left("thing-b")) == ([3], [3])


def test_young_events_stay(memory):
    relay()
    age(29)

    assert prune(days=30).events == 0


def test_negative_control_age_alone_would_delete_what_was_never_sent(memory):
    relay()
    poke("a", "c")
    poke("a", "c")
    age()
    run("ALTER TABLE events_event DISABLE TRIGGER USER")
    run("DELETE FROM events_event WHERE recorded_at < now() - interval '30 days'")
    relay()

    assert memory.versions("thing-c") == []


@pytest.mark.parametrize("paused", [False, True])
def test_undelivered_events_stay_however_old(memory, acme, paused):
    relay()
    late = MemoryTransport()
    late.subscribe("orders.*", name="rare")
    subscription = late.subscribe(name="late")
    if paused:
        services.pause_subscription(subscription_id=subscription.pk)
    poke("c", "c")
    number(tenant_id=acme.id)
    age()
    pruned = prune(days=30)
    services.resume_subscription(subscription_id=subscription.pk)
    relay()

    assert pruned.held_by in {"late", "memory"}, "not the rare one, which has all that it wants"
    assert late.versions("thing-c") == [1, 2]


def test_parked_stream_keeps_what_it_waits_for(memory):
    memory.verdict = lambda event: Refused("no") if event.stream == "thing-a" else DELIVERED
    relay()
    age()
    prune(days=30)
    memory.verdict = lambda _event: DELIVERED
    end_waiting()
    relay()

    assert memory.versions("thing-a") == [1, 2, 3]
    assert left("thing-b") == [3]


def test_dead_letter_keeps_its_event(memory):
    memory.verdict = lambda event: Refused("bad", permanent=True) if event.version == 1 else DELIVERED
    relay()
    age()
    prune(days=30)

    assert left("thing-a") == [1, 3]
    assert all(queries.find_event(letter.event_id) for letter in queries.dead_letters())


def test_pruned_log_is_whole_and_goes_on(memory):
    relay()
    age()
    prune(days=30)
    poke("a")
    relay()

    assert defects() == []
    assert memory.versions("thing-a")[-1] == 4


def test_dry_run_removes_nothing(memory):
    relay()
    age()

    assert prune(days=30, dry_run=True).events == 4
    assert left("thing-a") == [1, 2, 3]


def test_less_than_a_day_is_refused(memory):
    with pytest.raises(ValueError, match="a day"):
        prune(days=0)


def test_task_prunes_only_when_it_is_configured(memory, monkeypatch):
    relay()
    age()
    tasks.prune_logs()
    kept = left("thing-a")
    asked = config().model_copy(update={"event_retention_days": 30})
    monkeypatch.setattr("rustok.tenant_config.config", lambda: asked)
    tasks.prune_logs()

    assert (kept, left("thing-a")) == ([1, 2, 3], [3])


def test_command_prunes_and_says_what(memory):
    relay()
    age()
    out = StringIO()
    call_command("outbox", "prune", "--tenant", "acme", "--days", "30", "--json", stdout=out)

    (facts,) = json.loads(out.getvalue())
    assert (facts["log"], facts["events"]) == ("acme", 4)


@pytest.mark.parametrize("days", [(), ("--days", "0"), ("--days", "99999")])
def test_command_needs_an_age(memory, days):
    with pytest.raises(CommandError, match="how old"):
        call_command("outbox", "prune", "--tenant", "acme", *days)
