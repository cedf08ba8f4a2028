"""What a person does in a console, in the words of the tests; and what is checked wherever they go."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
DESK = pytest.mark.parametrize("width", [1280], indirect=True)
"""For what does not depend on the size of the screen."""
NARROW = ("tenant-dashboard", "tenant-order", "tenant-orders")
SHOOTING = bool(os.environ.get("RUSTOK_SCREENSHOTS"))
_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
# Rules that cannot find anything serious need not run: a third of the work. An impact is the rule's, not the finding's.
# Reading a colour (oklch) takes a third of what is left, and a page has few: each is read once.
_JUDGE = """async options => {
    const color = axe.commons.color.Color.prototype, read = color.parseString, known = new Map();
    color.parseString = function (text) {
        if (!known.has(text)) {
            const {r, g, b, alpha} = read.call(this, text);
            known.set(text, {r, g, b, alpha});
        }
        return Object.assign(this, known.get(text));
    };
    const light = axe._audit.rules.filter(rule => ['minor', 'moderate'].includes(rule.impact));
    const rules = Object.fromEntries(light.map(rule => [rule.id, {enabled: false}]));
    return (await axe.run({...options, rules})).violations;
}"""
_FAR = 120
_FOCUS = """() => {
    const here = document.activeElement, style = getComputedStyle(here);
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return outlined || here.matches('input, select, textarea');
}"""


@dataclass
class Console:
    """One browser page on one console. `complaints` collects what the browser's console said."""

    page: Page
    url: str
    width: int
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen to the browser."""
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str = "/admin/") -> None:
        """Go to a path of this host."""
        self.page.goto(self.url + path)

    def sign_in(self, username: str, password: str) -> None:
        """Fill the login form and land on the dashboard."""
        self.open()
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.heading).to_have_text("Dashboard")

    @property
    def heading(self):
        """The page's heading."""
        return self.page.get_by_role("heading", level=1)

    @property
    def notice(self):
        """The message of the last deed."""
        return self.page.locator("#messages, [role=alert]").first

    def visit(self, entry: str) -> None:
        """Follow a link of the sidebar, opening it first on a small screen."""
        if self.width < 1280:
            self.page.get_by_role("button", name="Open the navigation").click()
        self.page.get_by_role("navigation", name="Console").get_by_role("link", name=entry, exact=True).click()
        expect(self.heading).to_have_text(re.compile(re.escape(entry), re.IGNORECASE))

    def search(self, text: str) -> None:
        """Search the list for something that one row has."""
        self.page.get_by_role("searchbox").fill(text)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#result_list tbody")).to_have_count(1)

    def do(self, command: str) -> None:
        """Press a command's button."""
        self.page.locator(f"[data-command={command}]").first.click()

    def submit(self) -> None:
        """Send the form of the command."""
        self.page.locator("#command-form button[type=submit]").click()

    def tab_to(self, selector: str) -> None:
        """Walk there with the Tab key alone; every stop must show where the focus is."""
        for _step in range(_FAR):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                assert self.page.evaluate(_FOCUS), f"the focus on {selector} cannot be seen"
                return
        raise AssertionError(f"{selector} is not within {_FAR} presses of Tab")

    def press(self, selector: str) -> None:
        """Walk to a control and press Enter, which leads somewhere."""
        self.tab_to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def check(self) -> None:
        """No complaint of the browser, no serious finding of axe, nothing wider than the screen."""
        assert self.complaints == []
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px wider than the screen"
        assert self.findings() == []

    def findings(self) -> list[str]:
        """Serious and critical findings of axe, one line each."""
        self.page.evaluate(Axe().axe_script)
        found = self.page.evaluate(_JUDGE, _RULES)
        return [
            f"{self.page.url}: {item['id']} ({item['impact']}): {node['html'][:200]}"
            for item in found
            if item["impact"] in {"serious", "critical"}
            for node in item["nodes"][:5]
        ]

    def shoot(self, name: str, *, whole: bool = False) -> None:
        """Keep a picture for the documentation, when RUSTOK_SCREENSHOTS asks for it."""
        if SHOOTING and name and (self.width >= 1280 or name in NARROW):
            IMAGES.mkdir(parents=True, exist_ok=True)
            self.page.wait_for_load_state("networkidle")
            suffix = "" if self.width >= 1280 else "-narrow"
            self.page.screenshot(path=IMAGES / f"{name}{suffix}.png", full_page=whole)
