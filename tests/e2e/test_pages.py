"""Every page that the sidebar leads to, and the page of its first row: readable, labelled, narrow enough."""

import pytest
from playwright.sync_api import expect

from tests.e2e.console import DESK

SHOTS = {
    ("platform", "/admin/tenants/tenant/"): "platform-tenants",
    ("shop", "/admin/orders/order/"): "tenant-orders",
    ("shop", "/admin/catalog/stocklevel/"): "tenant-stock",
    ("shop", "/admin/events/event/"): "tenant-events",
    ("shop", "/admin/webhooks/delivery/"): "tenant-deliveries",
}


@pytest.mark.parametrize("side", ["platform", "shop"])
def test_every_page_is_without_findings(console, request, side):
    person = console(request.getfixturevalue(side))
    links = person.page.locator("#nav-sidebar-apps a").evaluate_all("all => all.map(a => a.getAttribute('href'))")

    for link in links:
        person.open(link)
        expect(person.heading).to_be_visible()
        person.check()
        person.shoot(SHOTS.get((side, link), ""))
        first = person.page.locator("#result_list tbody th a")
        if person.width >= 1280 and first.count():
            first.first.click()
            expect(person.page.locator(".rk-facts").first).to_be_visible()
            person.check()


@DESK
def test_the_skip_link_leads_past_the_navigation(console, shop):
    person = console(shop)
    person.press(".rk-skip")

    assert person.page.evaluate("document.activeElement.id") == "content"


@DESK
def test_an_api_key_is_shown_once_and_can_be_revoked(console, shop):
    person = console(shop)
    person.visit("API keys")
    person.do("create")
    person.page.get_by_label("Name").fill("warehouse robot")
    person.page.get_by_label("order:read").check()
    person.check()
    person.submit()
    expect(person.page.locator("[data-secret]")).to_contain_text("rk_")
    person.page.get_by_role("link", name="I have stored it").click()
    person.page.get_by_role("link", name="warehouse robot").first.click()
    person.do("revoke")
    person.submit()

    expect(person.notice).to_contain_text("revoked")
    expect(person.page.locator("[data-secret]")).to_have_count(0)
