"""Reports over REST."""

import pytest

from apps.tenants.isolation import tenant_scope
from tests.support.commerce import make_customer, make_order, make_product
from tests.support.events import relay
from tests.support.rest import Integrator
from tests.support.statements import at_most

REPORTS = ("sales-per-day", "best-sellers", "stock-movements", "customer-value")


@pytest.fixture
def shop(acme, context):
    return Integrator(acme, context)


def test_sales_come_with_their_freshness(shop):
    make_order("paid")
    relay()

    body = shop.get("reports/sales-per-day/").json()

    (row,) = body["results"]
    assert (row["orders"], row["net"]) == (1, {"amount": 900, "currency": "USD"})
    assert body["freshness"].items() >= {"lag_seconds": 0.0, "is_exact": True, "time_zone": "UTC"}.items()
    assert body["freshness"]["position"] > 0


def test_pages_of_days_follow_each_other(shop):
    make_product("TEA")
    for day in ("2017-01-01", "2017-01-02", "2017-01-03"):
        make_order(lines={"TEA": 1}, placed_at=f"{day}T10:00:00+00:00")
    relay()

    first = shop.get("reports/sales-per-day/?page_size=2&since=2017-01-01&until=2017-12-31").json()
    rest = shop.client.get(first["next"], headers={"authorization": f"Bearer {shop.key}"}).json()

    days = [row["day"] for page in (first, rest) for row in page["results"]]
    assert days == ["2017-01-03", "2017-01-02", "2017-01-01"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("sales-per-day/?currency=USD", 1),
        ("sales-per-day/?currency=EUR", 0),
        ("sales-per-day/?until=2000-01-01", 0),
        ("best-sellers/?currency=USD&limit=1", 1),
        ("best-sellers/?since=2100-01-01", 0),
        ("stock-movements/?sku=TEA&kind=ship", 1),
        ("stock-movements/?location=attic", 0),
        ("customer-value/?currency=USD", 1),
        ("customer-value/?customer=01890a5d-ac96-774b-bcce-b302099a8057", 0),
    ],
)
def test_reports_are_narrowed(shop, path, found):
    make_product("TEA")
    make_order("shipped", lines={"TEA": 1}, customer_id=make_customer().pk)
    relay()

    assert len(shop.get(f"reports/{path}").json()["results"]) == found


@pytest.mark.parametrize("query", ["since=yesterday", "currency=usd", "page_size=0", "day=2017-01-01"])
def test_bad_questions_are_refused(shop, query):
    assert shop.get(f"reports/sales-per-day/?{query}").status_code == 400


@pytest.mark.parametrize("report", REPORTS)
def test_empty_shop_has_empty_reports(shop, report):
    body = shop.get(f"reports/{report}/").json()

    assert (body["results"], body["freshness"]["is_built"]) == ([], False)


@pytest.mark.parametrize("report", REPORTS)
def test_reports_ask_for_their_permission(acme, context, report):
    stranger = Integrator(acme, context, permissions=["order:read"])

    assert stranger.get(f"reports/{report}/").status_code == 403


def test_reports_of_a_neighbour_are_his(shop, globex):
    with tenant_scope(globex):
        make_order()
        relay()

    assert shop.get("reports/sales-per-day/").json()["results"] == []


def test_report_costs_a_row_scan_and_a_look_at_the_log(shop):
    make_order()
    relay()
    shop.get("reports/customer-value/")

    with at_most(4):
        shop.get("reports/sales-per-day/")
