"""Placing an order: all or nothing, in few statements."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from apps.catalog.errors import InsufficientInventory, InvalidProduct
from apps.catalog.models import Reservation
from apps.events.models import Event
from apps.orders import queries
from apps.orders.errors import OrderTooLarge
from apps.orders.models import Order, OrderLine
from apps.orders.services import CreateOrder, OrderItem, create_order
from apps.tenants.isolation import tenant_scope
from rustok.errors.families import DuplicateEntry, InvalidInput, PermissionDenied
from rustok.money import MAX_MINOR, InvalidMoney
from tests.support.commerce import basket, make_customer, make_order, make_product, make_products, stock_of
from tests.support.statements import at_most

FIVE = {f"SKU-A{n}": n + 1 for n in range(5)}
CHRISTMAS = datetime(2017, 12, 24, 12, tzinfo=UTC)


@pytest.fixture
def five_products(context):
    return make_products(*FIVE, price=1250)


class TestCreateOrder:
    def test_writes_order_lines_and_history(self, context, five_products):
        customer = make_customer()

        order = create_order(input=basket(FIVE, customer_id=customer.pk), context=context)

        stored = queries.get_order(order.pk)
        assert (stored.status, stored.payment_status, stored.version) == ("pending", "unpaid", 1)
        assert (stored.total, stored.currency, stored.customer_id) == (15 * 1250, "USD", customer.pk)
        assert [(line.sku, line.quantity, line.total) for line in stored.loaded_lines] == [
            (sku, quantity, quantity * 1250) for sku, quantity in FIVE.items()
        ]
        [step] = queries.history(order.pk)
        assert (step.action, step.source, step.target, step.actor) == ("place", "", "pending", context.actor.reference)

    def test_what_it_returns_is_what_is_stored(self, context, five_products):
        order = create_order(input=basket(FIVE), context=context)

        stored = Order.objects.get(pk=order.pk)
        for field in Order._meta.concrete_fields:
            assert getattr(order, field.attname) == getattr(stored, field.attname), field.attname
        for line, kept in zip(order.loaded_lines, OrderLine.objects.filter(order=order), strict=True):
            for field in OrderLine._meta.concrete_fields:
                assert getattr(line, field.attname) == getattr(kept, field.attname), field.attname

    def test_reserves_the_stock(self, context, five_products):
        order = create_order(input=basket(FIVE), context=context)

        assert [stock_of(sku) for sku in FIVE] == [(100, quantity) for quantity in FIVE.values()]
        assert Reservation.objects.filter(reference=order.pk, status="held").count() == 5

    def test_publishes_the_fact_with_its_lines(self, context, five_products):
        order = create_order(input=basket(FIVE), context=context)

        event = Event.objects.get(type="orders.order_placed")
        assert (event.stream, event.version) == (f"order-{order.pk}", 1)
        assert event.data["total"] == 15 * 1250
        assert event.data["lines"][1] == {
            "sku": "SKU-A1", "name": "Product SKU-A1", "quantity": 2, "unit_price": 1250, "total": 2500,
        }  # fmt: skip

    def test_five_lines_cost_six_statements_of_the_eight_allowed(self, context, five_products):
        customer = make_customer()

        with at_most(6):
            create_order(input=basket(FIVE, customer_id=customer.pk), context=context)

    def test_more_lines_cost_no_more_statements(self, context):
        lines = {f"L{n}": 1 for n in range(60)}
        make_products(*lines)

        with at_most(5):
            create_order(input=basket(lines), context=context)

    def test_one_sku_in_several_lines_is_one_line(self, context):
        make_product("TEA", on_hand=10)
        items = [OrderItem(sku="TEA", quantity=3), OrderItem(sku=" TEA ", quantity=4)]

        order = create_order(input=CreateOrder(currency="USD", lines=items), context=context)

        assert [(line.sku, line.quantity) for line in order.loaded_lines] == [("TEA", 7)]

    @pytest.mark.parametrize(("currency", "price"), [("JPY", 500), ("KWD", 1250), ("USD", 1999)])
    def test_every_currency_counts_in_its_own_minor_units(self, context, currency, price):
        make_product("TEA", price=price, currency=currency)

        assert create_order(input=basket({"TEA": 3}, currency=currency), context=context).total == 3 * price

    def test_a_product_may_be_free(self, context):
        make_product("GIFT", price=0)

        assert create_order(input=basket({"GIFT": 1}), context=context).total == 0


class TestRefusals:
    def refuse(self, context, error, given: CreateOrder):
        before = Order.objects.count()
        with pytest.raises(error) as refused:
            create_order(input=given, context=context)
        return refused.value, before

    def test_an_unknown_sku_is_an_invalid_product(self, context, five_products):
        error, _ = self.refuse(context, InvalidProduct, basket({"SKU-A0": 1, "NOPE": 1}))

        assert error.context["sku"] == "NOPE"
        assert error.errors[0].pointer == "/lines/1/sku"

    @pytest.mark.parametrize("status", ["draft", "archived"])
    def test_so_is_one_that_is_not_for_sale(self, context, status):
        make_product("TEA", status=status)

        self.refuse(context, InvalidProduct, basket({"TEA": 1}))

    def test_so_is_one_without_a_price_in_the_currency(self, context):
        make_product("TEA", currency="USD")

        error, _ = self.refuse(context, InvalidProduct, basket({"TEA": 1}, currency="EUR"))

        assert error.errors[0].code == "no_price"

    def test_too_little_stock_says_how_much_there_is(self, context):
        make_product("TEA", on_hand=2)

        error, _ = self.refuse(context, InsufficientInventory, basket({"TEA": 3}))

        assert error.context == {"sku": "TEA", "wanted": 3, "available": 2}

    @pytest.mark.parametrize("quantity", [0, -1, 1_000_001, True, 1.0, 10**30])
    def test_a_quantity_is_a_whole_number_in_range(self, context, five_products, quantity):
        self.refuse(context, InvalidInput, basket({"SKU-A0": quantity}))

    @pytest.mark.parametrize("sku", ["", " ", "a\x00", "\ud800", "x" * 65])
    def test_a_sku_is_a_proper_text(self, context, sku):
        self.refuse(context, InvalidInput, basket({sku: 1}))

    @pytest.mark.parametrize("lines", [{}, {f"S{n}": 1 for n in range(501)}], ids=["none", "501"])
    def test_lines_are_counted(self, context, lines):
        self.refuse(context, InvalidInput, basket(lines))

    def test_merged_quantities_are_counted_too(self, context, five_products):
        items = [OrderItem(sku="SKU-A0", quantity=1_000_000)] * 2

        self.refuse(context, OrderTooLarge, CreateOrder(currency="USD", lines=items))

    def test_the_total_has_a_limit(self, context):
        make_product("GOLD", price=MAX_MINOR)

        self.refuse(context, OrderTooLarge, basket({"GOLD": 2}))

    def test_an_unknown_customer_is_refused(self, context, five_products):
        error, _ = self.refuse(context, InvalidInput, basket(FIVE, customer_id=uuid4()))

        assert error.errors[0].pointer == "/customer"

    @pytest.mark.parametrize("currency", ["usd", "XXX", "", "US"])
    def test_an_unknown_currency_is_refused(self, context, five_products, currency):
        self.refuse(context, InvalidMoney, basket(FIVE, currency=currency))

    def test_mallory_may_not(self, context, mallory_context, five_products):
        self.refuse(mallory_context, PermissionDenied, basket(FIVE))


class TestHistory:
    """Orders of the past, with their own prices and times, for imports."""

    PAST = CreateOrder(
        currency="USD",
        lines=[OrderItem(sku="TEA", quantity=2, unit_price=33), OrderItem(sku="TEA", quantity=1, unit_price=34)],
        placed_at=CHRISTMAS,
        external_id="basket-1",
    )

    def test_lines_of_one_sku_with_two_prices_stay_two(self, context):
        make_product("TEA", on_hand=3)

        order = create_order(input=self.PAST, context=context)

        assert [line.total for line in order.loaded_lines] == [66, 34]
        assert (order.total, order.placed_at) == (100, CHRISTMAS)
        assert stock_of("TEA") == (3, 3)

    def test_needs_a_permission_of_its_own(self, context):
        make_product("TEA")
        clerk = replace(context, permissions=frozenset({"order:create"}))

        with pytest.raises(PermissionDenied):
            create_order(input=self.PAST, context=clerk)

    def test_an_external_id_is_taken_once(self, context):
        make_product("TEA")
        create_order(input=self.PAST, context=context)

        with pytest.raises(DuplicateEntry):
            create_order(input=self.PAST, context=context)


def test_orders_of_one_tenant_are_not_seen_in_another(acme, globex):
    order = make_order()

    with tenant_scope(globex):
        assert not Order.objects.filter(pk=order.pk).exists()
