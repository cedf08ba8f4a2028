"""Orders in the console: the same services as the API, only possible moves, bounded queries."""

import pytest

from apps.orders.models import Order
from apps.tenants.isolation import tenant_scope
from tests.support.commerce import make_order
from tests.support.console import Visitor, notices, offered
from tests.support.statements import counted

ORDER = "orders_order"


@pytest.fixture
def owner(acme):
    return Visitor("owner", acme)


@pytest.mark.parametrize(
    ("status", "moves"),
    [
        ("pending", {"confirm", "cancel"}),
        ("confirmed", {"pay", "cancel"}),
        ("paid", {"ship", "refund", "cancel"}),
        ("shipped", {"deliver", "refund", "cancel"}),
        ("delivered", {"refund"}),
        ("cancelled", set()),
    ],
)
def test_the_page_offers_the_possible_moves_only(owner, status, moves):
    assert offered(owner.page(ORDER, make_order(status))) == moves


@pytest.mark.parametrize(
    ("status", "command", "data", "after"),
    [
        ("pending", "confirm", {}, "confirmed"),
        ("confirmed", "pay", {"reference": "receipt 17"}, "paid"),
        ("paid", "ship", {"carrier": "DHL", "tracking": "JD01"}, "shipped"),
        ("shipped", "deliver", {}, "delivered"),
        ("paid", "cancel", {"reason": "changed her mind"}, "cancelled"),
    ],
)
def test_a_command_moves_the_order(owner, status, command, data, after):
    order = make_order(status)

    answer = owner.do(ORDER, command, order, **data)

    assert answer.status_code == 200
    assert Order.objects.get(pk=order.pk).status == after


def test_a_refund_gives_a_part_back(owner):
    order = make_order("paid")

    answer = owner.do(ORDER, "refund", order, amount="2,50", reason="a chip")

    assert "refund" in notices(answer)
    assert Order.objects.get(pk=order.pk).payment_status == "partially_refunded"


def test_a_refund_beyond_the_payment_is_refused_in_the_form(owner):
    order = make_order("paid")

    answer = owner.do(ORDER, "refund", order, amount="1000.00", reason="greed")

    assert answer.context["form"].non_field_errors()
    assert Order.objects.get(pk=order.pk).payment_status == "paid"


def test_an_illegal_move_is_refused_in_words(owner):
    order = make_order("pending")

    answer = owner.do(ORDER, "deliver", order)

    assert answer.status_code == 200
    assert "cannot go from" in notices(answer)
    assert Order.objects.get(pk=order.pk).status == "pending"


def test_a_move_from_an_old_page_is_refused(owner):
    order = make_order("confirmed")

    answer = owner.do(ORDER, "pay", order, version="1")

    assert answer.context["form"].non_field_errors()
    assert Order.objects.get(pk=order.pk).status == "confirmed"


def test_cancelling_needs_a_reason(owner):
    answer = owner.do(ORDER, "cancel", make_order("pending"), reason="")

    assert answer.context["form"].errors["reason"]


def test_a_viewer_sees_the_order_and_no_button(acme):
    viewer, order = Visitor("viewer", acme), make_order("pending")

    assert offered(viewer.page(ORDER, order)) == set()
    assert viewer.do(ORDER, "confirm", order).status_code == 403
    assert Order.objects.get(pk=order.pk).status == "pending"


def test_an_order_of_the_neighbour_is_not_there(owner, globex):
    with tenant_scope(globex):
        order = make_order("pending")

    assert owner.do(ORDER, "confirm", order).status_code == 404
    assert order.number not in owner.list(ORDER).content.decode()


def test_the_list_costs_the_same_for_many_orders(owner):
    make_order()
    owner.list(ORDER)
    with counted() as few:
        owner.list(ORDER)
    for _time in range(8):
        make_order()

    with counted() as many:
        owner.list(ORDER)

    assert len(many) == len(few) <= 8


def test_the_page_costs_the_same_for_many_lines(owner):
    order = make_order("delivered")
    owner.page(ORDER, order)

    with counted() as statements:
        owner.page(ORDER, order)

    assert len(statements) <= 8


def test_orders_are_found_by_number(owner):
    wanted, other = make_order(), make_order()

    found = owner.list(ORDER, f"?q={wanted.number}").content.decode()

    assert wanted.number in found
    assert other.number not in found
