"""Baskets become orders once, whole, and to the cent; what cannot be an order is accounted for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apps.catalog.queries import stock
from apps.orders import queries
from apps.orders.importing import lives
from apps.orders.importing.refusals import Reason, Refusal
from apps.orders.importing.replay import ImportWishes, import_baskets, shifted_to_end
from apps.orders.importing.report import ImportReport
from apps.orders.importing.rows import Basket, Row
from rustok.context import ExecutionContext, TenantRef, current
from rustok.errors.families import PermissionDenied
from tests.support.commerce import make_products

pytestmark = pytest.mark.usefixtures("acme")
NOON = datetime(2017, 1, 1, 12, tzinfo=UTC)
DELIVERED = ImportWishes(currency="USD")


def basket(number: str, *rows: tuple[str, int, int], refusals: tuple[Refusal, ...] = ()) -> Basket:
    made = [Row(line, sku, quantity, value) for line, (sku, quantity, value) in enumerate(rows, 2)]
    lines = [row.line for row in made] + [refusal.line for refusal in refusals]
    return Basket("7", number, "h1", NOON, lines, made, list(refusals))


def run(*baskets: Basket, wishes: ImportWishes = DELIVERED) -> ImportReport:
    return import_baskets(baskets=baskets, wishes=wishes, context=current())


@pytest.fixture
def goods(acme: TenantRef) -> None:
    make_products("TEA", "JAM", on_hand=10, price=999)


@pytest.mark.usefixtures("goods")
def test_an_order_costs_what_was_paid_not_what_the_catalogue_says() -> None:
    report = run(basket("1", ("TEA", 3, 100), ("JAM", 1, 0)))
    order = queries.orders().get(external_id="7-1")

    assert (order.total, order.status, order.placed_at) == (100, "delivered", NOON)
    assert [(line.sku, line.quantity, line.unit_price) for line in order.loaded_lines] == [
        ("TEA", 2, 33),
        ("TEA", 1, 34),
        ("JAM", 1, 0),
    ]
    assert (report.imported, report.value_imported) == (1, 100)


@pytest.mark.usefixtures("goods")
def test_a_second_run_changes_nothing() -> None:
    run(basket("1", ("TEA", 1, 100)))
    again = run(basket("1", ("TEA", 1, 100)), basket("2", ("TEA", 1, 100)))

    assert (again.already, again.imported, queries.orders().count()) == (1, 1, 2)


@pytest.mark.usefixtures("goods")
def test_a_basket_that_changed_since_is_refused() -> None:
    run(basket("1", ("TEA", 1, 100)))
    again = run(basket("1", ("TEA", 1, 100), ("JAM", 1, 50)))

    assert (again.refused, again.refused_baskets) == (1, {Reason.CHANGED: 1})


@pytest.mark.usefixtures("goods")
def test_an_unknown_product_refuses_the_basket_and_says_which_row() -> None:
    report = run(basket("1", ("TEA", 1, 100), ("GONE", 1, 50)))

    assert [(refusal.product, refusal.reason) for refusal in report.refusals] == [
        ("TEA", Reason.IN_REFUSED_BASKET),
        ("GONE", Reason.UNKNOWN_PRODUCT),
    ]
    assert queries.orders().count() == 0


@pytest.mark.usefixtures("goods")
def test_a_basket_beyond_the_stock_is_refused_and_the_next_one_goes_on() -> None:
    report = run(basket("1", ("TEA", 11, 1100)), basket("2", ("TEA", 10, 1000)))

    assert (report.refused, report.imported, report.reasons) == (1, 1, {Reason.INSUFFICIENT_INVENTORY: 1})
    assert stock(sku="TEA").get().on_hand == 0


@pytest.mark.usefixtures("goods")
def test_a_row_where_nothing_was_sold_is_dropped_and_the_basket_stays() -> None:
    nothing = Refusal(9, "1", "JAM", Reason.NOTHING_SOLD, "")
    report = run(basket("1", ("TEA", 1, 100), refusals=(nothing,)), basket("2", refusals=(nothing,)))

    assert (report.imported, report.refused, report.rows_refused) == (1, 1, 2)
    assert report.refused_baskets == {Reason.EMPTY_BASKET: 1}


@pytest.mark.usefixtures("goods")
def test_every_basket_row_and_cent_is_accounted_for() -> None:
    fuel = Refusal(9, "2", "FUEL", Reason.BELOW_MINOR_UNIT, "", 1500)
    baskets = [basket("1", ("TEA", 1, 100)), basket("2", ("TEA", 1, 70), refusals=(fuel,)), basket("3", ("GONE", 1, 5))]
    report = run(*baskets)

    assert report.baskets == report.imported + report.already + report.refused == 3
    assert report.rows == 4
    assert report.value_imported + report.value_refused == sum(item.value for item in baskets) == 1675


@pytest.mark.usefixtures("goods")
@pytest.mark.parametrize("name", lives.LIVES)
def test_orders_go_as_far_as_wished(name: str) -> None:
    run(basket("1", ("TEA", 1, 100)), wishes=replace(DELIVERED, life=lambda _basket: lives.LIVES[name]))

    assert queries.orders().get().status == name


@pytest.mark.usefixtures("goods")
def test_the_household_becomes_a_customer_once() -> None:
    run(basket("1", ("TEA", 1, 100)), basket("2", ("TEA", 1, 100)), basket("3", ("TEA", 1, 100)))

    assert len({order.customer_id for order in queries.orders()}) == 1


@pytest.mark.usefixtures("goods")
def test_it_needs_the_permission_to_import(context: ExecutionContext) -> None:
    clerk = replace(context, permissions=frozenset({"order:create", "customer:create"}))

    with pytest.raises(PermissionDenied, match="order:import"):
        import_baskets(baskets=[basket("1", ("TEA", 1, 100))], wishes=DELIVERED, context=clerk)


@pytest.mark.parametrize("end", [datetime(2026, 11, 22, tzinfo=UTC), datetime(2017, 1, 1, 12, tzinfo=UTC)])
def test_history_moves_by_whole_weeks_to_the_week_before_the_end(end: datetime) -> None:
    shift = shifted_to_end(last=NOON, end=end)

    assert shift % timedelta(weeks=1) == timedelta()
    assert timedelta() <= end - (NOON + shift) < timedelta(weeks=1)
