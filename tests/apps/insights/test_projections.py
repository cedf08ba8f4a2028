"""What facts of a shop make of the read models: money, pieces, stock and customers."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.catalog.services import adjust_stock, set_stock
from apps.events.models import Event, ParkedKey, Subscription
from apps.events.projections import projections, rebuilding
from apps.events.queries import events_after
from apps.insights import queries
from apps.insights.models import CustomerValue, ProductDay, SalesDay, StatusCount, StockDay
from apps.insights.projections.orders import MONEY
from apps.insights.projections.sales import SalesPerDay
from apps.orders.queries import orders_by_status
from apps.orders.services import CancelOrder, RefundOrder, cancel_order, confirm_order, pay_order, refund_order
from rustok import upcasting
from rustok.context import current
from rustok.db.ids import new_id
from rustok.money import Money
from tests.support.commerce import make_customer, make_order, make_product, make_products
from tests.support.events import poke, relay, run

TODAY = timezone.now().astimezone(UTC).date()
AMOUNTS = ("orders", "cancelled_orders", "gross", "cancelled", "refunded", "net")


def sales():
    return list(queries.sales_days().order_by("currency").values_list("currency", *AMOUNTS))


def refund(order, amount):
    refund_order(order_id=order.pk, input=RefundOrder(amount=amount, reason="broken"), context=current())


def test_orders_of_a_day_add_up_per_currency(acme):
    make_product("TEA", price=450)
    make_product("SAKE", price=900, currency="JPY")
    make_order(lines={"TEA": 2})
    make_order("delivered", lines={"TEA": 1})
    make_order(lines={"SAKE": 1}, currency="JPY")
    relay()

    assert sales() == [("JPY", 1, 0, 900, 0, 0, 900), ("USD", 2, 0, 1350, 0, 0, 1350)]


@pytest.mark.parametrize("reached", ["pending", "confirmed", "paid", "shipped"])
def test_cancelled_order_takes_all_its_money_back(acme, reached):
    order = make_order(reached)
    cancel_order(order_id=order.pk, context=current())
    relay()

    assert sales() == [("USD", 1, 1, 900, 900, 0, 0)]


def test_refund_reduces_the_day_of_the_order(acme):
    refund(make_order("delivered"), 250)
    relay()

    assert sales() == [("USD", 1, 0, 900, 0, 250, 650)]


def test_cancellation_after_a_refund_takes_nothing_off_twice(acme):
    order = make_order("paid")
    refund(order, 250)
    relay()
    cancel_order(order_id=order.pk, input=CancelOrder(reason="all of it"), context=current())
    relay()

    assert sales() == [("USD", 1, 1, 900, 650, 250, 0)]


def test_what_undoes_an_order_counts_on_the_orders_day_in_utc(acme):
    make_product("TEA")
    late = datetime.fromisoformat("2017-01-01T23:30:00-05:00")
    order = make_order(lines={"TEA": 1}, placed_at=late)
    cancel_order(order_id=order.pk, context=current())
    relay()

    assert list(queries.sales_days().values_list("day", "net")) == [(date(2017, 1, 2), 0)]


def test_best_sellers_rank_within_their_currency(acme):
    make_products("TEA", "MUG", price=450)
    make_product("SAKE", price=9, currency="JPY")
    make_order(lines={"TEA": 1, "MUG": 3})
    make_order("cancelled", lines={"TEA": 40})
    make_order(lines={"SAKE": 2}, currency="JPY")
    relay()

    best = queries.best_sellers(since=TODAY, until=TODAY)

    assert [(row.sku, row.quantity, row.revenue) for row in best] == [
        ("SAKE", 2, Money(18, "JPY")),
        ("MUG", 3, Money(1350, "USD")),
        ("TEA", 1, Money(450, "USD")),
    ]
    assert [row.sku for row in queries.best_sellers(limit=1, currency="USD")] == ["MUG"]


def test_product_is_called_as_on_its_latest_order(acme):
    product = make_product("TEA", name="Tee")
    make_order(lines={"TEA": 1})
    relay()
    type(product).objects.filter(pk=product.pk).update(name="Tea")
    make_order(lines={"TEA": 1})
    relay()

    assert [row.name for row in queries.best_sellers()] == ["Tea"]


def test_stock_movements_tell_counts_corrections_shipments_and_returns(acme):
    make_product("TEA", on_hand=10)
    adjust_stock(sku="TEA", delta=5, context=current())
    adjust_stock(sku="TEA", delta=-1, context=current())
    set_stock(sku="TEA", on_hand=20, context=current())
    order = make_order("shipped", lines={"TEA": 3})
    cancel_order(order_id=order.pk, context=current())
    relay()

    rows = queries.stock_days(sku="TEA").order_by("kind")
    assert list(rows.values_list("kind", "movements", "received", "removed", "on_hand")) == [
        ("adjust", 2, 5, 1, 14),
        ("return", 1, 3, 0, 20),
        ("set", 1, 6, 0, 20),
        ("ship", 1, 0, 3, None),
    ]


def test_orders_by_status_are_those_of_the_rows_whatever_way_they_went(acme):
    ways = ["pending", "confirmed", "confirmed", "paid", "shipped", "delivered"]
    for reached in ways:
        make_order(reached)
    for reached in ("pending", "confirmed", "paid", "shipped"):
        cancel_order(order_id=make_order(reached).pk, context=current())
    relay()

    assert queries.orders_by_status() == orders_by_status()
    assert queries.orders_by_status() == {status: ways.count(status) for status in ways} | {"cancelled": 4}


def test_customers_are_valued_per_currency(acme):
    ann = make_customer()
    make_product("TEA", price=450)
    first = make_order(lines={"TEA": 1}, customer_id=ann.pk, placed_at=datetime(2017, 1, 1, tzinfo=UTC))
    last = make_order("cancelled", lines={"TEA": 2}, customer_id=ann.pk, placed_at=datetime(2018, 1, 1, tzinfo=UTC))
    make_order(lines={"TEA": 1})
    relay()

    (row,) = queries.customer_values()
    assert (row.customer_id, row.currency, row.orders, row.cancelled_orders, row.net) == (ann.pk, "USD", 2, 1, 450)
    assert (row.first_order_at, row.last_order_at) == (first.placed_at, last.placed_at)


def test_order_without_a_beginning_is_parked(acme):
    order = make_order("cancelled")
    run("ALTER TABLE events_event DISABLE TRIGGER USER")
    Event.objects.filter(stream=f"order-{order.pk}", version=1).delete()
    run("ALTER TABLE events_event ENABLE TRIGGER USER")
    relay()

    parked = ParkedKey.objects.filter(subscription__name="projection:sales_per_day")
    assert parked.get().reason.startswith("OrderWithoutBeginning")


def test_read_model_costs_two_statements_a_batch_at_most(acme, django_assert_max_num_queries):
    for _n in range(3):
        cancel_order(order_id=make_order("confirmed").pk, context=current())
    relay()
    batch = events_after(0, limit=500, event_types=MONEY)

    with django_assert_max_num_queries(2):
        SalesPerDay().handle(batch, new_id())


def test_rebuilding_everything_says_the_same(acme):
    refund(make_order("delivered", customer_id=make_customer().pk), 250)
    make_order("cancelled")
    adjust_stock(sku=make_product().variants.get().sku, delta=5, context=current())
    relay()

    for projection in projections():
        rebuilding.start_rebuild(name=projection.name, context=current())
        rebuilding.catch_up(name=projection.name, seconds=20)
        assert rebuilding.swap_builds(name=projection.name, context=current()).is_equal


def test_every_read_model_is_kept_in_the_log(acme):
    poke("a")
    relay()

    names = set(Subscription.objects.filter(transport="projection").values_list("name", flat=True))
    assert names == {f"projection:{name}" for name in (p.name for p in projections())}
    assert {model._meta.db_table for model in (SalesDay, ProductDay, StockDay, CustomerValue, StatusCount)} == {
        table.name for projection in projections() for table in projection.tables
    }


@pytest.fixture
def history(acme):
    """Orders in every state with refunds and cancellations, and what one reading makes of them."""
    ann = make_customer()
    for status in ("pending", "paid", "delivered", "cancelled"):
        make_order(status, customer_id=ann.pk)
    order = make_order("paid", customer_id=ann.pk)
    refund(order, 100)
    cancel_order(order_id=order.pk, context=current())
    other = confirm_order(order_id=make_order().pk, context=current())
    pay_order(order_id=other.pk, context=current())
    relay()
    return events_after(0, limit=500)


@settings(max_examples=15, deadline=None)
@given(cuts=st.sets(st.integers(1, 40), max_size=6))
def test_rows_do_not_depend_on_how_the_log_is_cut(cuts, request):
    facts = request.getfixturevalue("history")
    for projection in projections():
        wanted = [fact for fact in facts if fact.wire_type.rsplit(".", 1)[0] in projection.handles]
        whole, pieces = new_id(), new_id()
        projection.handle(wanted, whole)
        edges = [0, *sorted(cuts), len(wanted)]
        for start, end in pairwise(edges):
            if batch := wanted[start:end]:
                projection.handle(batch, pieces)
        assert projection.snapshot(whole).digest == projection.snapshot(pieces).digest


def test_old_versions_of_a_fact_are_counted_as_their_newest(acme, monkeypatch):
    make_order()
    monkeypatch.setitem(upcasting._upcasters, (MONEY[0], 1), lambda data: data | {"currency": "EUR"})
    relay()

    assert [row[0] for row in sales()] == ["EUR"]
