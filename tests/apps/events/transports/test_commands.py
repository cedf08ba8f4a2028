"""`manage.py transports`, and the health check, as operators meet them."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.events import enrolment
from apps.events.checks import transports
from apps.events.models import Subscription
from apps.events.transports.brokers import memory
from apps.events.transports.destinations import close_all
from apps.security.models import AuditEntry
from rustok.config import config
from rustok.health import CheckFailed
from tests.support.events import poke, relay


@pytest.fixture
def lake(monkeypatch, acme):
    """acme's log, published to a broker in memory; the value is where its messages are."""
    monkeypatch.setenv("RUSTOK_TRANSPORTS", '{"lake": {"url": "memory://lake", "event_types": ["testkit.*"]}}')
    config.cache_clear()
    enrolment.forget_seen()
    yield memory.hall("lake")
    close_all()
    memory.forget("lake")
    monkeypatch.undo()
    config.cache_clear()
    enrolment.forget_seen()


def command(*arguments: str) -> list[dict]:
    out = StringIO()
    call_command("transports", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_status_tells_which_broker_answers(lake):
    (well,) = command("status")
    lake.broken = "on fire"
    (ill,) = command("status")

    assert (well["name"], well["kind"], well["topic"], well["answers"]) == ("lake", "memory", "rustok.events", True)
    assert (ill["answers"], ill["problem"]) == (False, "on fire")


def test_health_counts_the_brokers_and_names_the_silent_one(lake):
    assert transports().value == 1
    lake.broken = "password hunter2 refused"

    with pytest.raises(CheckFailed, match="lake") as caught:
        transports()
    assert "hunter2" not in str(caught.value)


def test_enrolled_log_is_published_from_now_on(lake):
    enrolled = command("enrol")
    poke("a")
    relay()

    assert {"log": "acme", "subscription": "broker:lake"} in enrolled
    assert len(lake.log("rustok.events", 0)) == 1


def test_tail_prints_messages_after_a_position(lake):
    poke("a", "b", "c")
    relay()

    found = command("tail", "lake", "--after", "1")

    assert [json.loads(row["event"])["subject"] for row in found] == ["thing-b", "thing-c"]
    assert command("tail", "lake", "--dead") == []


@pytest.mark.parametrize(
    ("where", "count"), [(["--after", "1"], 2), (["--since", "2020-01-01T00:00:00"], 3), (["--since", "2999-01-01"], 0)]
)
def test_log_is_published_again_from_a_place(lake, where, count):
    poke("a", "b", "c")
    relay()
    (told,) = command("replay", "lake", "--tenant", "acme", *where)
    relay()

    assert told["events"] == count
    assert len(lake.log("rustok.events", 0)) == 3 + count
    assert AuditEntry.objects.filter(action="event:replay").exists()


def test_forgotten_broker_leaves_no_cursor(lake, monkeypatch):
    poke("a")
    relay()
    monkeypatch.setenv("RUSTOK_TRANSPORTS", "{}")
    config.cache_clear()

    assert command("forget", "lake", "--tenant", "acme") == [
        {"log": "acme", "subscription": "broker:lake", "unsent": 0}
    ]
    assert not Subscription.objects.filter(name="broker:lake").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["tail", "lake", "--after", "abc"], "'abc' is no position"),
        (["tail", "lake", "--after", "-1"], "no position"),
        (["forget", "lake", "--tenant", "acme"], "still configured"),
        (["replay", "lake", "--tenant", "acme"], "say from where"),
        (["replay", "pond", "--tenant", "acme", "--after", "0"], "not published to pond"),
        (["tail", "pond"], "names no pond"),
    ],
    ids=["no number", "negative", "configured", "no place", "unknown log", "unknown broker"],
)
def test_impossible_wish_is_one_clear_line(lake, arguments, line):
    with pytest.raises(CommandError, match=line):
        command(*arguments)


def test_broker_that_is_down_is_one_clear_line(lake):
    lake.broken = "on fire"

    with pytest.raises(CommandError, match="on fire"):
        command("tail", "lake")
