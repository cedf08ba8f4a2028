"""A shop looks after an endpoint: a test message, a new secret, the past once more, and what was sent."""

from playwright.sync_api import expect


def test_an_endpoint_is_tested_rotated_and_asked_for_a_replay(console, shop):
    person = console(shop)
    person.open("/admin/webhooks/webhookendpoint/")
    person.page.locator("#result_list tbody th a").first.click()
    person.check()

    person.do("test")
    expect(person.notice).to_contain_text("took the test message")
    person.do("replay")
    person.check()
    person.submit()
    expect(person.page.get_by_text("would be sent again")).to_be_visible()
    person.page.go_back()
    person.page.go_back()
    person.do("rotate")
    person.submit()
    expect(person.page.locator("[data-secret]")).to_contain_text("whsec_")
    person.check()

    person.open("/admin/webhooks/delivery/")
    person.page.locator("#result_list tbody th a").first.click()
    expect(person.page.locator(".rk-facts")).to_contain_text("specversion")
    person.check()
