"""One platform and one browser for all journeys."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.e2e.console import Console
from tests.support.stack import Stack

BASKETS = int(os.environ.get("RUSTOK_E2E_BASKETS", "20"))
SIZES = {390: 844, 1280: 860}
PATIENCE = 20_000.0  # milliseconds; CI machines are busy
_FLAGS = (
    "--no-sandbox",  # containers run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--host-resolver-rules=MAP *.localhost 127.0.0.1",
)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The whole platform with a small demo, on free ports; or the running one of RUSTOK_E2E_DATA, to write journeys."""
    if running_in := os.environ.get("RUSTOK_E2E_DATA"):
        yield Stack.running(Path(running_in))
        return
    # Journeys are about pages; what an overloaded machine leaves out is the fault rig's matter.
    with Stack.start(demo_baskets=BASKETS, RUSTOK_SERVICE_MODES="false") as running:
        assert running.settle(120)  # the demo's hundreds of events would be in the way of the journeys
        yield running


def browser_path() -> str:
    """RUSTOK_CHROMIUM, or Debian's: the headless shell draws the same with half the work of the whole browser."""
    places = (os.environ.get("RUSTOK_CHROMIUM"), "/usr/bin/chromium-headless-shell")
    return next((place for place in places if place and Path(place).exists()), "/usr/bin/chromium")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser_path(), args=list(_FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(params=sorted(SIZES), ids=lambda width: f"{width}px")
def width(request: pytest.FixtureRequest) -> int:
    """A telephone and a desk."""
    return request.param


OpenConsole = Callable[..., Console]


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """Cookies of people who have signed in once, by host: the form is slow on purpose."""
    return {}


@pytest.fixture(scope="session")
def desks() -> dict[tuple[str, int], BrowserContext]:
    """The browser profiles of people who have signed in, by host and width: their pages load nothing twice."""
    return {}


@pytest.fixture
def console(
    stack: Stack, browser: Browser, width: int, sessions: dict[str, Any], desks: dict[tuple[str, int], BrowserContext]
) -> Iterator[OpenConsole]:
    """`console(facts)` opens one and signs in with facts of `demo.json`; complaints of the browser fail the test.

    A profile of its own is for who is not signed in, or asks for one by a wish (`color_scheme="dark"`).
    """
    opened: list[Console] = []

    def fresh(**options: Any) -> BrowserContext:
        size = {"width": width, "height": SIZES[width]}
        made = browser.new_context(viewport=size, **{"locale": "en-GB", "reduced_motion": "reduce", **options})
        made.set_default_timeout(PATIENCE)
        return made

    def open_console(facts: dict[str, Any], *, signed_in: bool = True, **wishes: Any) -> Console:
        url = facts["url"]
        if not signed_in:
            context = fresh(**wishes)
        elif wishes or (url, width) not in desks:
            context = fresh(storage_state=sessions.get(url), **wishes)
        else:
            context = desks[url, width]
        made = Console(context.new_page(), url, width)
        opened.append(made)
        if not signed_in:
            return made
        if url in sessions:
            made.open()
        else:
            made.sign_in(facts["admin"]["username"], facts["admin"]["password"])
            sessions[url] = context.storage_state()
        if not wishes:
            desks[url, width] = context
        return made

    yield open_console
    for made in opened:
        if made.page.context in desks.values():
            made.page.evaluate("localStorage.clear()")  # the next test finds the page as it was
            made.page.close()
        else:
            made.page.context.close()
        assert made.complaints == []


@pytest.fixture
def platform(stack: Stack) -> dict[str, Any]:
    """The platform's facts."""
    return stack.facts["platform"]


@pytest.fixture
def shop(stack: Stack) -> dict[str, Any]:
    """The first demo shop's facts."""
    return stack.facts["tenants"][0]


@pytest.fixture
def new_order(stack: Stack) -> Iterator[Callable[..., dict[str, Any]]]:
    """Place an order in the first shop by its API, with stock for it; `new_order(traceparent=…)` sends headers."""
    numbers = count(1)
    client = stack.shops[0].client()

    def place(**headers: str) -> dict[str, Any]:
        sku = f"E2E-{os.getpid()}-{next(numbers)}-{os.urandom(3).hex()}"
        variant = {"sku": sku, "prices": [{"currency": "USD", "amount": 1250}], "on_hand": 40}
        made = client.post("/api/v1/products/", {"name": "Stoneware mug", "variants": [variant]})
        assert made.status == 201, made.body
        lines = [{"sku": sku, "quantity": 2}]
        order = client.post("/api/v1/orders/", {"currency": "USD", "lines": lines}, **headers)
        assert order.status == 201, order.body
        return order.json()

    yield place
    client.close()
