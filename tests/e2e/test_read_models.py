"""Read models: the lists, the freshness on the dashboard, and a rebuild by hand."""

import re

from playwright.sync_api import expect


def test_sales_are_listed_and_built_anew_by_hand(console, shop):
    person = console(shop)
    expect(person.page.locator("[data-freshness]")).to_contain_text(re.compile(r"as of event \d+, lag"))

    person.page.goto(f"{shop['url']}/admin/insights/salesday/")
    rows = person.page.locator("#result_list tbody tr")
    expect(rows.first).to_be_visible()
    before = rows.first.inner_text()
    person.check()
    person.page.get_by_role("link", name="Rebuild").or_(person.page.get_by_role("button", name="Rebuild")).first.click()
    if not person.page.get_by_text("read anew beside these rows").count():
        person.page.get_by_role("button", name="Rebuild").click()

    expect(person.page.get_by_text("read anew beside these rows")).to_be_visible()
    assert rows.first.inner_text() == before
    person.check()
