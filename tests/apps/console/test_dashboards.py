"""The first page of either console."""

import pytest
from django.core.cache import cache

from apps.tenants.isolation import tenant_scope
from tests.support.commerce import make_order, make_product
from tests.support.console import Visitor
from tests.support.events import relay
from tests.support.statements import at_most
from tests.support.tenants import ref_of


def panels(answer):
    return {panel.name: panel for panel in answer.context["dashboard"].panels}


def numbers(answer):
    return {str(number.label): number.value for number in answer.context["dashboard"].numbers}


def test_a_shop_sees_its_orders_revenue_and_stock(acme):
    owner = Visitor("owner", acme)
    make_order("paid")
    make_product("SCARCE", on_hand=1)
    relay()

    answer = owner.get("/admin/")

    assert numbers(answer)["Orders"] == 1
    assert numbers(answer)["Revenue"] == "9.00\u00a0USD"
    assert numbers(answer)["Open orders"] == 1
    assert {"orders-per-day", "revenue", "orders-by-status", "top-products", "low-stock"} <= set(panels(answer))


def test_sales_are_read_from_read_models_that_say_how_new_they_are(acme):
    owner = Visitor("owner", acme)
    relay()
    make_order("paid")

    before, _counted = owner.get("/admin/").context["dashboard"], relay()
    cache.clear()
    after = owner.get("/admin/")

    assert before.numbers[0].value == 0
    assert numbers(after)["Orders"] == 1
    assert "as of event 5, lag 0.0 s" in after.context["dashboard"].note


def test_an_empty_shop_has_an_empty_dashboard(acme):
    answer = Visitor("owner", acme).get("/admin/")

    assert answer.status_code == 200
    assert panels(answer)["revenue"].is_empty


def test_the_dashboard_of_a_shop_costs_one_statement_per_picture(acme):
    owner = Visitor("owner", acme)
    make_order("paid")
    relay()

    with at_most(15):
        owner.get("/admin/")


@pytest.mark.parametrize("days", ["7", "90", "365", "garbage"])
def test_the_period_can_be_chosen(acme, days):
    answer = Visitor("owner", acme).get(f"/admin/?days={days}")

    assert sum(period["current"] for period in answer.context["periods"]) == 1


def test_the_banner_names_the_shop_and_the_host(acme):
    page = Visitor("owner", acme).get("/admin/")

    assert page.context["scope"]["name"] == acme.name
    assert page.context["scope"]["host"] == "acme.localhost"


def test_an_operator_sees_every_shop(platform):
    with tenant_scope(ref_of("acme")):
        make_order()
        relay()

    answer = Visitor("operator").get("/admin/")

    assert numbers(answer)["Tenants"] >= 2
    assert numbers(answer)["Orders"] == 1
    assert {"orders-per-day", "delivery-lag", "health"} <= set(panels(answer))


def test_pages_speak_the_chosen_language(acme):
    owner = Visitor("owner", acme)

    answer = owner.get("/admin/?lang=ru")

    assert answer["Content-Language"] == "ru"
    assert "Заказы" in answer.content.decode()
