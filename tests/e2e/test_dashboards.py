"""The first pages: pictures, the numbers behind them, and whose console this is."""

import pytest
from playwright.sync_api import expect

from tests.e2e.console import DESK

NAMES = {"shop": "tenant", "platform": "platform"}
PAINTED = """canvas => {
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.some((value, index) => index % 4 === 3 && value > 0);
}"""


@pytest.mark.parametrize(
    ("side", "panels"),
    [
        ("shop", ["orders-per-day", "revenue", "orders-by-status", "top-products", "delivery-lag"]),
        ("platform", ["orders-per-day", "delivery-lag", "health"]),
    ],
)
def test_the_dashboard_draws_its_pictures(console, request, side, panels):
    person = console(request.getfixturevalue(side))

    says = {"shop": "localhost", "platform": "Platform console"}[side]
    expect(person.page.get_by_role("region", name="Where you are")).to_contain_text(says)
    for panel in panels:
        expect(person.page.locator(f"[data-panel={panel}]")).to_be_visible()
    for canvas in person.page.locator("canvas.chart").element_handles():
        assert canvas.get_attribute("aria-label")
        assert canvas.evaluate(PAINTED)
    person.shoot(f"{NAMES[side]}-dashboard", whole=True)
    for figure in person.page.locator("figure").all():
        figure.locator("summary").click()
        expect(figure.locator("table tbody tr").first).to_be_visible()
    person.check()


@DESK
def test_dark_is_as_readable_as_light(console, shop):
    person = console(shop, color_scheme="dark")

    person.check()
    person.shoot("tenant-dashboard-dark", whole=True)
