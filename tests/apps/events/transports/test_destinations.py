"""What an operator may write in RUSTOK_TRANSPORTS, which logs it concerns, and which connections are kept."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from apps.events import enrolment
from apps.events.models import Cursor, Subscription
from apps.events.relay.scopes import log_scope
from apps.events.transports import Route, open_transport
from apps.events.transports.brokers import BrokerDown, Topology, memory, opening
from apps.events.transports.destinations import borrow, close_all, destinations, find, give_back, ping_all
from apps.operations.wakeups import PLATFORM
from rustok.config import ConfigurationError, config
from tests.support.events import poke, relay
from tests.transports.rigs import facts


@pytest.fixture
def configure(monkeypatch):
    """Set the transports; the process reads them afresh, and forgets them afterwards."""

    def set_(**rows: object) -> None:
        monkeypatch.setenv("RUSTOK_TRANSPORTS", json.dumps(rows))
        config.cache_clear()
        with suppress(ConfigurationError):
            config()  # now: a thread in the background may be about to read
        enrolment.forget_seen()

    yield set_
    close_all()
    for name in ("lake", "other"):
        memory.forget(name)
    monkeypatch.undo()
    config.cache_clear()
    enrolment.forget_seen()


def test_url_alone_is_enough(configure):
    configure(lake="memory://lake")

    (lake,) = destinations()
    assert (lake.url, lake.topology) == ("memory://lake", Topology("rustok.events"))


@pytest.mark.parametrize(
    "row",
    [
        {"topic": "events"},
        {"url": "memory://x", "topic": "Not A Topic"},
        {"url": "memory://x", "partitions": 0},
        {"url": "memory://x", "colour": "red"},
        {"url": "memory://x", "key": "customer"},
    ],
    ids=["no url", "topic", "partitions", "unknown member", "key"],
)
def test_unusable_row_stops_the_process_with_one_line(configure, row):
    configure(lake=row)

    with pytest.raises(ConfigurationError, match="transports"):
        config()


def test_secrets_of_a_url_are_not_shown(configure):
    configure(lake="redis://:hunter2@host/0")

    assert "hunter2" not in repr(config())


@pytest.mark.parametrize(
    ("logs", "tenant_in", "platform_in"),
    [(["*"], True, True), (["acme"], True, False), (["_platform"], False, True), (["globex"], False, False)],
    ids=["all", "this tenant", "platform", "another tenant"],
)
def test_log_is_enrolled_when_it_is_wanted(configure, acme, logs, tenant_in, platform_in):
    configure(lake={"url": "memory://lake", "logs": logs})

    enrolment.ensure_subscribers(tenant_id=acme.id)
    here = Subscription.objects.filter(name="broker:lake").exists()
    with log_scope(PLATFORM):
        enrolment.ensure_subscribers(tenant_id=PLATFORM)
        there = Subscription.objects.filter(name="broker:lake").exists()

    assert (here, there) == (tenant_in, platform_in)


def test_filter_and_cursors_follow_the_configuration(configure, acme):
    configure(lake={"url": "memory://lake", "event_types": ["orders.*"], "cursors": 3})
    enrolment.ensure_subscribers(tenant_id=acme.id)
    configure(lake={"url": "memory://lake", "event_types": ["testkit.*"], "cursors": 3})
    enrolment.ensure_subscribers(tenant_id=acme.id)

    assert Subscription.objects.get(name="broker:lake").patterns == ["testkit.%"]
    assert Cursor.objects.filter(subscription__name="broker:lake").count() == 3


@pytest.mark.parametrize(("start", "expected"), [("now", [3]), ("beginning", [1, 2, 3])])
def test_history_is_published_on_request(configure, acme, start, expected):
    configure()
    poke("a", "b")
    relay()
    configure(lake={"url": "memory://lake", "start": start})
    poke("c")
    relay()

    taken = [message.event["position"] for _at, message in memory.hall("lake").log("rustok.events", 0)]
    assert taken == expected


def test_one_destination_that_fails_does_not_hold_up_another(configure, acme):
    configure(lake="memory://lake", other="memory://other")
    memory.hall("other").broken = "on fire"
    poke("a")
    relay()

    assert len(memory.hall("lake").log("rustok.events", 0)) == 1
    assert ping_all(timeout=0.5) == {"other": "on fire"}


def test_connection_is_kept_for_the_next_turn(configure):
    configure(lake="memory://lake")
    lake = find("lake")
    first = borrow(lake, timeout=1.0)
    give_back(lake, first.broker)
    second = borrow(lake, timeout=1.0)

    assert second.broker is first.broker
    assert (first.reused, second.reused) == (False, True)


@pytest.mark.parametrize("url", ["carrier-pigeon://loft", "nothing", "missing://x"])
def test_url_that_nobody_speaks_is_a_broker_that_is_down(url):
    opening.register_scheme("missing", "apps.events.transports.brokers.no_such_client")

    with pytest.raises(BrokerDown, match=r"carrier|nothing|transports\.txt"):
        opening.connect(url, Topology("a"), timeout=0.1)


@pytest.mark.parametrize("name", ["", "UPPER", "a b", "-a", "a..b", "a" * 101, "a*"])
def test_name_that_a_broker_could_not_carry_is_refused(name):
    with pytest.raises(ValueError, match="cannot name"):
        Topology(name)


def test_unknown_destination_is_refused_as_a_whole(configure, acme):
    configure()
    (event,) = facts("a")

    (outcome,) = open_transport("broker", Route(acme.id, "broker:lake", "lake", acme.slug)).publish(
        [event], timeout=1.0
    )

    assert (outcome.destination, outcome.reason) == (True, "no transport lake is configured")
