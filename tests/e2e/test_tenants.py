"""An operator opens a shop, closes it for a while and opens it again."""

import os

from playwright.sync_api import expect

from tests.e2e.console import DESK


def test_an_operator_provisions_a_tenant_whose_owner_can_sign_in(console, platform):
    slug = f"e2e-{os.urandom(3).hex()}"
    operator = console(platform)
    operator.visit("Tenants")
    operator.do("provision")
    operator.page.get_by_label("Slug").fill(slug)
    operator.page.get_by_label("Name", exact=False).first.fill("Harbour Books")
    operator.check()
    operator.shoot("platform-provision")
    operator.submit()
    password = operator.page.locator("[data-secret]").inner_text()
    operator.check()
    operator.page.get_by_role("link", name="I have stored it").click()
    expect(operator.heading).to_contain_text("Harbour Books")

    url = platform["url"].replace("://", f"://{slug}.")
    owner = console({"url": url, "admin": {"username": "owner", "password": password}})

    expect(owner.page.get_by_role("region", name="Where you are")).to_contain_text("Harbour Books")
    owner.check()


@DESK
def test_a_bad_slug_is_explained_beside_its_field(console, platform):
    operator = console(platform)
    operator.open("/admin/tenants/tenant/do/provision/")
    operator.page.get_by_label("Slug").fill("admin")
    operator.page.get_by_label("Name", exact=False).first.fill("Admin")
    operator.submit()

    expect(operator.page.locator("#id_slug_error")).to_be_visible()
    operator.check()


@DESK
def test_a_suspended_shop_refuses_everybody_until_it_is_resumed(console, platform, stack):
    shop = stack.facts["tenants"][-1]
    operator = console(platform)
    operator.visit("Tenants")
    operator.search(shop["slug"])
    operator.page.locator("#result_list tbody th a").click()
    operator.do("suspend")
    operator.page.get_by_label("Reason").fill("unpaid since March")
    operator.submit()
    expect(operator.notice).to_contain_text("suspended")
    operator.check()

    operator.do("resume")
    operator.submit()

    expect(operator.notice).to_contain_text("open again")
