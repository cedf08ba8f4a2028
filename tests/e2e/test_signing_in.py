"""Who comes in, and what a stranger sees."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.console import DESK


@pytest.mark.parametrize("side", ["platform", "shop"])
def test_a_person_signs_in_and_out(console, side, request):
    facts = request.getfixturevalue(side)
    visitor = console(facts, signed_in=False)
    visitor.open()
    visitor.check()
    visitor.shoot("platform-login" if side == "platform" else "tenant-login")
    visitor.sign_in(facts["admin"]["username"], facts["admin"]["password"])

    if visitor.width < 1280:
        visitor.page.get_by_role("button", name="Open the navigation").click()
    visitor.page.locator("#person summary").click()
    visitor.page.get_by_role("button", name="Log out").click()

    visitor.open()
    expect(visitor.page).to_have_url(re.compile("/admin/login/"))


@DESK
def test_a_wrong_password_is_refused_in_words(console, shop):
    visitor = console(shop, signed_in=False)
    visitor.open()
    visitor.page.get_by_label("User name").fill(shop["admin"]["username"])
    visitor.page.get_by_label("Password").fill("not the password")
    visitor.page.get_by_role("button", name="Sign in", exact=True).click()

    expect(visitor.page.get_by_role("alert")).to_contain_text("correct user name and password")
    visitor.check()


@DESK
def test_the_owner_of_one_shop_is_a_stranger_in_the_other_console(console, platform, shop):
    visitor = console({**platform, "admin": shop["admin"]}, signed_in=False)
    visitor.open()
    visitor.page.get_by_label("User name").fill(shop["admin"]["username"])
    visitor.page.get_by_label("Password").fill(shop["admin"]["password"])
    visitor.page.get_by_role("button", name="Sign in", exact=True).click()

    expect(visitor.page.get_by_role("alert")).to_be_visible()


def test_the_whole_console_speaks_russian(console, shop):
    person = console(shop, locale="en-US")  # a profile of its own: the wish stays in its cookies
    person.open("/admin/?lang=ru")

    expect(person.heading).to_have_text("Панель")
    person.check()
    person.shoot("tenant-dashboard-ru")
