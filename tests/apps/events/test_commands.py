"""`manage.py outbox` and `events`, as somebody at the shell meets them."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from apps.events.transports import DELIVERED, Refused
from apps.security.models import AuditEntry
from tests.support.commerce import make_order
from tests.support.events import MemoryTransport, poke, relay, run


@pytest.fixture
def memory(acme) -> MemoryTransport:
    relay()
    made = MemoryTransport()
    made.subscribe()
    return made


def command(*arguments: str):
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def bury(memory: MemoryTransport) -> None:
    memory.verdict = lambda _event: Refused("unreadable", permanent=True)
    poke("a", "b")
    relay()


def test_status_tells_what_waits(memory):
    poke("a")

    (facts,) = command("outbox", "status", "--tenant", "acme")

    assert (facts[0]["subscription"], facts[0]["waiting"]) == ("memory", 1)


def test_status_covers_every_log(memory):
    (facts,) = command("outbox", "status")

    assert {fact["log"] for fact in facts} >= {"acme"}


def test_drain_delivers(memory):
    poke("a", "b")

    ((facts,),) = command("outbox", "drain", "--tenant", "acme")

    assert facts == {"numbered": 2, "delivered": 2, "parked": 0, "dead": 0}


def test_drain_fails_when_time_runs_out(memory):
    poke("a")

    with pytest.raises(CommandError, match="time ran out"):
        command("outbox", "drain", "--tenant", "acme", "--seconds", "0")


def test_dead_letters_are_listed_and_redriven(memory):
    bury(memory)
    (letters,) = command("outbox", "dlq", "--tenant", "acme")
    memory.verdict = lambda _event: DELIVERED

    ((facts,),) = command("outbox", "redrive", "--tenant", "acme", "--id", letters[0]["id"])
    relay()

    assert facts == {"redriven": 1}
    assert [event.stream for event in memory.taken] == [letters[0]["stream"]]
    assert AuditEntry.objects.filter(action="event:redrive").exists()


def test_dry_run_changes_nothing(memory):
    bury(memory)

    (letters,) = command("outbox", "redrive", "--tenant", "acme", "--all", "--dry-run")

    assert len(letters) == 2
    assert run("SELECT count(*) FROM events_dead_letter WHERE redrive") == [(0,)]


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (("--type", "testkit.thing_poked.v1"), 2),
        (("--type", "orders.order_placed.v1"), 0),
        (("--subscription", "memory"), 2),
        (("--to-position", "0"), 0),
        (("--from-position", "1"), 2),
    ],
)
def test_redrive_is_narrowed(memory, given, count):
    bury(memory)

    assert len(command("outbox", "redrive", "--tenant", "acme", "--dry-run", *given)[0]) == count


@pytest.mark.parametrize("rate", ["0", "-1", "1e9", "nan"])
def test_impossible_rate_is_one_clear_line(memory, rate):
    with pytest.raises(CommandError, match="--per-second takes"):
        command("outbox", "redrive", "--tenant", "acme", "--all", "--per-second", rate)


def test_redrive_of_nothing_named_is_refused(memory):
    with pytest.raises(CommandError, match="Say which"):
        command("outbox", "redrive", "--tenant", "acme")


def test_tail_prints_cloud_events(memory):
    poke("a", "b")
    relay()

    events = command("events", "tail", "--tenant", "acme", "--type", "testkit.*")

    assert [event["subject"] for event in events] == ["thing-a", "thing-b"]


def test_tail_prints_lines_for_people(memory):
    poke("a")
    relay()
    out = StringIO()
    call_command("events", "tail", "--tenant", "acme", stdout=out)

    assert "testkit.thing_poked.v1" in out.getvalue()
    assert "thing-a v1" in out.getvalue()


def test_whole_log_is_verified(memory):
    poke("a")
    relay()

    assert command("events", "verify", "--tenant", "acme")[0][0]["defects"] == []


def test_gap_is_found(memory):
    poke("a", "b")
    relay()
    run("ALTER TABLE events_event DISABLE TRIGGER USER")
    run("UPDATE events_event SET position = position + 5 WHERE stream = 'thing-b'")

    with pytest.raises(CommandError, match="not whole"):
        command("events", "verify", "--tenant", "acme")


def test_unknown_tenant_is_one_clear_line(platform):
    with pytest.raises(CommandError):
        command("outbox", "status", "--tenant", "nobody")


def test_verify_replays_every_aggregate(acme, context):
    make_order("paid")

    ((facts,),) = command("events", "verify", "--tenant", "acme")

    assert facts["aggregates"] >= 3  # product, order, payment
    assert facts["differing"] == 0


def test_verify_fails_on_a_row_that_says_otherwise(acme, context):
    order = make_order("paid")
    run("UPDATE orders_order SET carrier = 'nobody', version = version + 1")
    out = StringIO()

    with pytest.raises(CommandError, match="say otherwise"):
        call_command("events", "verify", "--tenant", "acme", "--json", stdout=out)

    assert f"order-{order.pk}: carrier: events say , the row nobody" in json.loads(out.getvalue())[0]["defects"]


def test_show_restores_an_order_as_it_was(acme, context):
    order = make_order("paid")

    (facts,) = command("events", "show", f"order-{order.pk}", "--version", "2", "--tenant", "acme")

    assert (facts["version"], facts["state"]["status"]) == (2, "confirmed")


@pytest.mark.parametrize("stream", ["order-0", "nothing-1"])
def test_show_of_nothing_is_one_clear_line(acme, stream):
    with pytest.raises(CommandError, match="no "):
        command("events", "show", stream, "--tenant", "acme")


def test_rebuild_tells_what_it_did(acme):
    ((facts,),) = command("events", "rebuild", "--tenant", "acme", "--dry-run")

    assert facts == {"log": "acme", "dropped": 0, "taken": 0}


def test_missing_database_is_one_clear_line(acme, monkeypatch):
    def absent():
        raise OperationalError("connection failed: refused\nIs the server running?")

    monkeypatch.setattr("apps.operations.commandline.all_tenants", absent)
    with pytest.raises(CommandError, match=r"does not answer: connection failed: refused$"):
        call_command("outbox", "status")
