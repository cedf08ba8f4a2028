"""What may be done to subscriptions while the log goes on: nobody misses a fact or gets one he did not ask for."""

from __future__ import annotations

from concurrent.futures import wait

import pytest
from django.db import transaction

from apps.events import queries, services
from apps.events.numbering import number
from apps.events.relay import rounds
from apps.events.relay.reports import RelayReport
from tests.support.events import MemoryTransport, elsewhere, poke, relay


@pytest.fixture
def memory(acme) -> MemoryTransport:
    relay()
    return MemoryTransport()


def served(begin, tenant) -> None:
    """Begin to listen, and be served until nothing is due."""
    begin()
    while rounds.serve_next(report=RelayReport(), tenant_id=tenant.id):
        pass


@pytest.mark.parametrize("is_new", [True, False], ids=["subscribed", "resumed"])
def test_who_begins_to_listen_while_facts_are_numbered_gets_them(live_acme, is_new):
    """The step under way does not know of him and wakes nobody for him; his first turn must not come before its end."""
    relay()
    memory, start = MemoryTransport(), queries.head()
    paused = memory.subscribe().pk
    services.pause_subscription(subscription_id=paused)

    def begin():
        if is_new:
            services.subscribe(name="fresh", transport="memory", event_types=["testkit.*"], after=start)
        else:
            services.resume_subscription(subscription_id=paused)

    poke("a")
    with elsewhere() as call:
        with transaction.atomic():
            number(tenant_id=live_acme.id)
            begun = call(served, begin, live_acme)
            wait([begun], timeout=0.3)
        begun.result(10)
    relay()

    assert memory.versions("thing-a") == [1]


def test_wider_filter_brings_nothing_of_the_past(memory):
    subscription = memory.subscribe("orders.*")
    relay()
    poke("a")
    relay()
    services.change_filter(subscription_id=subscription.pk, event_types=["testkit.*"])
    poke("b")
    relay()

    assert [event.stream for event in memory.taken] == ["thing-b"]


@pytest.mark.parametrize("is_paused", [True, False], ids=["paused", "due"])
def test_change_of_the_filter_loses_nothing_that_waits(memory, acme, is_paused):
    subscription = memory.subscribe("testkit.*")
    relay()
    if is_paused:
        services.pause_subscription(subscription_id=subscription.pk)
    poke("a")
    number(tenant_id=acme.id)
    services.change_filter(subscription_id=subscription.pk, event_types=["testkit.*", "orders.*"])
    services.resume_subscription(subscription_id=subscription.pk)
    relay()

    assert memory.versions("thing-a") == [1]
