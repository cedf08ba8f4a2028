"""The receiver's page shows an order's event within moments, in both languages, without a sign-in."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.e2e.conftest import OpenConsole


def test_a_placed_order_shows_up_live(
    console: OpenConsole, platform: dict[str, Any], shop: dict[str, Any], new_order: Callable[[], dict[str, Any]]
) -> None:
    visitor = console(platform, signed_in=False)
    visitor.open("/demo/")
    expect(visitor.page.get_by_role("status")).to_have_text("live")
    card = visitor.page.get_by_role("article").filter(has_text=shop["name"])
    # The demo's own events come first: while hundreds arrive, the newest do not stay in sight.
    expect(card.get_by_text("all delivered")).to_be_visible(timeout=90_000)

    order = new_order()

    expect(card.locator(f"td[title='order-{order['id']}']")).to_be_visible()
    expect(card.get_by_text("all delivered")).to_be_visible()
    visitor.check()
    visitor.shoot("demo-receiver")


def test_the_page_speaks_russian(console: OpenConsole, platform: dict[str, Any]) -> None:
    visitor = console(platform, signed_in=False)
    visitor.open("/demo/?lang=ru")

    expect(visitor.heading).to_have_text("Поступающие события")
    expect(visitor.page.locator("html")).to_have_attribute("lang", "ru")
    visitor.check()
