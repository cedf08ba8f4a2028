"""The event explorer."""

import pytest

from apps.events.models import Event
from tests.support.commerce import make_order
from tests.support.console import Visitor
from tests.support.statements import counted


@pytest.fixture
def owner(acme):
    return Visitor("owner", acme)


def test_events_are_found_by_type_and_stream(owner):
    order = make_order("confirmed")

    found = owner.list("events_event", f"?type=orders.order_confirmed&q=order-{order.pk}").content.decode()

    assert str(order.pk) in found
    assert "orders.order_placed.v1" not in found


def test_the_page_of_an_event_shows_its_json(owner):
    order = make_order()
    event = Event.objects.get(type="orders.order_placed", data__order_id=str(order.pk))

    assert f"&quot;order_id&quot;: &quot;{order.pk}&quot;" in owner.page("events_event", event).content.decode()


def test_the_list_costs_the_same_for_many_events(owner):
    make_order()
    owner.list("events_event")
    with counted() as few:
        owner.list("events_event")
    make_order("delivered")

    with counted() as many:
        owner.list("events_event")

    assert len(many) == len(few) <= 7


def test_the_platform_has_a_log_of_its_own(platform):
    assert Visitor("operator").list("events_event").status_code == 200
