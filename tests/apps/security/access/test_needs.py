"""Permissions that reach no further than their name: what an action does besides takes the permission for that too."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.orders.models import Order
from apps.orders.services import RefundOrder, cancel_order, refund_order
from apps.security.roles import permissions_of
from apps.webhooks.models import Delivery
from rustok.context import Actor, current
from rustok.errors.families import PermissionDenied
from rustok.policy import ResourceGuard, decide, needs_of, resources
from rustok.policy import declaring as registry
from tests.support.commerce import make_customer, make_order
from tests.support.deliveries import one_delivery
from tests.support.rest import Integrator

ANN, BOB = Actor("user", str(UUID(int=1)), "ann"), Actor("user", str(UUID(int=2)), "bob")
URL = "https://example.com/hook"
TEXTS = [
    f"order:{action}{scope}" for action in ("cancel", "refund", "*") for scope in ("", ":own", ":none")
]  # fmt: skip


def acting(*grants, actor=ANN):
    return replace(current(), actor=actor, permissions=frozenset(grants))


@pytest.fixture
def orders(acme):
    """Ann's and Bob's, unpaid, paid, partly and fully refunded."""
    found = []
    for actor in (ANN, BOB):
        customer = make_customer(account=actor.reference).pk
        found += [make_order(status, customer_id=customer) for status in ("pending", "paid", "paid", "paid")]
        refund_order(order_id=found[-1].pk, context=current())
        refund_order(order_id=found[-2].pk, input=RefundOrder(amount=1), context=current())
    return Order.objects.order_by("pk")


def test_what_a_guard_shows_is_what_it_allows_when_rows_take_more(orders):
    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(held=st.frozensets(st.sampled_from(TEXTS), max_size=4))
    def check(held):
        guard = ResourceGuard("order", acting(*held))
        assert list(guard.visible(orders, "cancel")) == [row for row in orders if guard.allows("cancel", row)]

    check()


CANCELS = [  # what is held, and whether it cancels: Ann's unpaid, Ann's paid, Bob's paid order
    (["order:cancel"], (True, False, False)),
    (["order:cancel", "order:refund"], (True, True, True)),
    (["order:cancel", "order:refund:own"], (True, True, False)),
    (["order:cancel:own", "order:refund"], (True, True, False)),
    (["order:cancel:own"], (True, False, False)),
    (["order:*", "order:refund:none"], (True, False, False)),
    (["order:refund"], (False, False, False)),
]


def test_cancelling_what_holds_money_takes_the_right_to_refund_it(orders):
    unpaid, paid, *_others, others_paid = orders[:6]

    for held, allowed in CANCELS:
        guard = ResourceGuard("order", acting(*held))
        assert (held, tuple(guard.allows("cancel", row) for row in (unpaid, paid, others_paid))) == (held, allowed)


def test_money_that_is_back_already_asks_for_nothing(orders):
    refunded = orders.filter(payment_status="refunded").first()

    assert ResourceGuard(refunded, acting("order:cancel")).allows("cancel")


def test_the_service_decides_under_its_lock_and_nothing_is_written(acme, context):
    order = make_order("paid")

    with pytest.raises(PermissionDenied) as refused:
        cancel_order(order_id=order.pk, context=acting("order:cancel"))
    assert (refused.value.rule, refused.value.missing) == ("needs", "order:refund")
    assert Order.objects.get(pk=order.pk).version == order.version
    assert cancel_order(order_id=order.pk, context=acting("order:cancel", "order:refund")).status == "cancelled"


def test_a_program_is_told_what_the_row_takes_besides(acme, context):
    till, order = Integrator(acme, context, ["order:cancel"]), make_order("paid")
    refused = till.post(f"orders/{order.pk}/cancel/", {}).json()

    assert (refused["code"], refused["errors"][0]["code"]) == (1003, "needs")
    assert "order:refund" in refused["errors"][0]["message"]


def test_explanations_tell_it_beforehand(acme, context):
    till, order = Integrator(acme, context, ["order:cancel"]), make_order("paid")
    about_all = till.post("explain/", {"permission": "order:cancel"}).json()
    about_one = till.post("explain/", {"permission": "order:cancel", "object": str(order.pk)}).json()

    assert (about_all["allowed"], about_all["sometimes_missing"]) == (True, ["order:refund"])
    assert "order:refund" in about_all["reason"]
    assert (about_one["allowed"], about_one["rule"], about_one["missing"]) == (False, "needs", "order:refund")


@pytest.mark.parametrize(("role", "cancels"), [("owner", True), ("admin", True), ("manager", True), ("viewer", False)])
def test_roles_that_run_a_shop_cancel_paid_orders(acme, role, cancels):
    assert ResourceGuard(make_order("paid"), acting(*permissions_of(role))).allows("cancel") is cancels


def test_customers_cancel_what_is_not_paid_yet_and_the_shop_the_rest(orders):
    guard = ResourceGuard("order", acting(*permissions_of("customer")))

    assert [guard.allows("cancel", row) for row in orders] == [True, False, False, True, *[False] * 4]


@pytest.mark.parametrize("action", ["create", "update", "replay"])
def test_who_decides_where_events_go_must_be_allowed_to_read_them(acme, action):
    wanted = f"webhook:{action}"
    decided = decide(acting(wanted), wanted)

    assert (decided.allowed, decided.rule, decided.missing) == (False, "needs", "event:read")
    assert decide(acting(wanted, "event:read"), wanted).allowed
    assert not decide(acting("*:*", "event:read:none"), wanted).allowed


@pytest.mark.parametrize("wanted", ["webhook:read", "webhook:delete"])
def test_what_hands_out_no_events_takes_nothing_besides(acme, wanted):
    assert decide(acting(wanted), wanted).allowed


def test_all_of_a_resource_takes_what_any_action_does(acme):
    assert decide(acting("webhook:*"), "webhook:*").missing == "event:read"
    assert decide(acting("order:*", "order:refund:none"), "order:cancel").sometimes == ("order:refund",)


def test_no_door_hands_out_events_without_the_right_to_read_them(acme, context):
    keeper, outsider = Integrator(acme, context), Integrator(acme, context, ["webhook:*", "delivery:read"])
    endpoint = f"webhooks/endpoints/{keeper.post('webhooks/endpoints/', {'url': URL}).json()['id']}/"
    doors = [
        outsider.post("webhooks/endpoints/", {"url": URL}),
        outsider.send("PATCH", endpoint, {"url": "https://elsewhere.example/"}),
        outsider.post(f"{endpoint}replay/", {"after": 0}),
    ]

    assert {(answer.status_code, answer.json()["errors"][0]["code"]) for answer in doors} == {(403, "needs")}
    assert outsider.get(endpoint).status_code == 200


def test_a_delivery_shows_what_was_sent_only_to_who_may_read_events(acme, context):
    one_delivery(url=URL)
    delivery = f"webhooks/deliveries/{Delivery.objects.get().pk}/"
    shown, hidden = (
        Integrator(acme, context, ["delivery:read", *more]).get(delivery).json() for more in (["event:read"], [])
    )

    assert shown["request_excerpt"]
    assert hidden == shown | {"request_excerpt": None}


def test_needs_speak_of_what_there_is():
    """A need that names nothing would close a door for good, or, misspelt, open one."""
    known = {kind.name: kind for kind in resources()}
    needs = [(kind, need) for kind in known.values() for need in kind.needs]

    assert len(needs) >= 4
    for kind, need in needs:
        name, _colon, action = need.permission.partition(":")
        assert kind.knows(need.action)
        assert known[name].knows(action)
        assert need in needs_of(f"{kind.name}:{need.action}")


def test_without_the_declaration_the_door_would_stand_open(acme, monkeypatch):
    monkeypatch.setitem(registry._resources, "webhook", replace(registry._resources["webhook"], needs=()))

    assert decide(acting("webhook:create"), "webhook:create").allowed
