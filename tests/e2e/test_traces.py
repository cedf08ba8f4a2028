"""One trace from the request to the receiver: placed with a traceparent, found by its id, seen as a waterfall."""

import os
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.e2e.conftest import OpenConsole
from tests.e2e.console import DESK
from tests.support.stack import Stack, wait_until

HOPS = (
    "POST api/v1/orders/",
    "orders.create_order",
    "record events",
    "POST webhook",
    "POST demo/receiver/<slug:slug>/",
)


@DESK
def test_a_trace_leads_from_the_request_to_the_receiver(
    console: OpenConsole, stack: Stack, platform: dict[str, Any], new_order: Callable[..., dict[str, Any]]
) -> None:
    trace_id = os.urandom(16).hex()
    order = new_order(traceparent=f"00-{trace_id}-{'c' * 16}-01")
    assert stack.settle(60)
    operator = console(platform)
    box = operator.page.get_by_role("search").get_by_label("Trace, request, event or order").first
    box.fill(trace_id)
    box.press("Enter")
    expect(operator.heading).to_have_text("Find an id")
    operator.check()
    found = operator.page.locator("[data-kind=trace]").get_by_role("link", name=trace_id)
    # Spans are shipped every second or so, by each process for itself.
    assert wait_until(lambda: found.count() > 0 or not operator.page.reload(), 30, every=0.5)
    found.click()

    waterfall = operator.page.locator("#waterfall")
    for hop in HOPS:
        expect(waterfall.locator(f"tr[data-span='{hop}']").first).to_be_visible()
    waterfall.locator("tr[data-span='POST webhook'] summary").first.click()
    operator.check()
    operator.shoot("trace")

    shop = console(stack.facts["tenants"][0])
    shop.open(f"/admin/find/?q={order['number']}")
    for kind in ("order", "trace", "event", "audit", "line"):
        expect(shop.page.locator(f"[data-kind={kind}] li").first).to_be_visible()
    shop.check()
    shop.shoot("find")
