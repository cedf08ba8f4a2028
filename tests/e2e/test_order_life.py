"""An order from placed to delivered, by mouse and by keyboard alone."""

from playwright.sync_api import expect

from tests.e2e.console import DESK


def step(person, expected):
    expect(person.page.locator("#steps [aria-current=step]")).to_have_text(expected)


def test_an_order_is_led_through_its_life_by_mouse(console, shop, new_order):
    number = new_order()["number"]
    person = console(shop)
    person.visit("Orders")
    person.search(number)
    person.check()
    person.page.get_by_role("link", name=number).click()
    step(person, "Pending")

    person.do("confirm")
    step(person, "Confirmed")
    person.do("pay")
    person.page.get_by_label("Reference").fill("receipt 17")
    person.submit()
    step(person, "Paid")
    person.do("ship")
    person.page.get_by_label("Carrier").fill("DHL")
    person.page.get_by_label("Tracking number").fill("JD0146000")
    person.check()
    person.submit()
    step(person, "Shipped")
    person.shoot("tenant-order", whole=True)
    person.do("deliver")
    step(person, "Delivered")
    expect(person.page.locator(".rk-timeline li")).to_have_count(5)
    expect(person.page.locator("[data-command=cancel]")).to_have_count(0)
    person.check()


def test_an_order_is_led_through_its_life_by_keyboard_alone(console, shop, new_order):
    number = new_order()["number"]
    person = console(shop, signed_in=False)
    person.open("/admin/orders/order/")
    person.tab_to("#id_username")
    person.page.keyboard.type(shop["admin"]["username"])
    person.tab_to("#id_password")
    person.page.keyboard.type(shop["admin"]["password"])
    person.page.keyboard.press("Enter")
    expect(person.heading).to_have_text("Orders")

    person.tab_to("#searchbar")
    person.page.keyboard.type(number)
    person.page.keyboard.press("Enter")
    expect(person.page.locator("#result_list tbody")).to_have_count(1)
    person.press("#result_list tbody a")
    step(person, "Pending")
    person.press("[data-command=confirm]")
    step(person, "Confirmed")
    person.press("[data-command=pay]")
    person.press("#command-form button")
    step(person, "Paid")
    person.press("[data-command=ship]")
    person.tab_to("#id_carrier")
    person.page.keyboard.type("DHL")
    person.press("#command-form button")
    step(person, "Shipped")
    person.press("[data-command=deliver]")
    step(person, "Delivered")


@DESK
def test_a_paid_order_is_refunded_and_cancelled_with_a_reason(console, shop, new_order):
    order = new_order()
    person = console(shop)
    person.open(f"/admin/orders/order/{order['id']}/change/")
    person.do("confirm")
    person.do("pay")
    person.submit()
    person.do("refund")
    person.page.get_by_label("Amount").fill("5.00")
    person.page.get_by_label("Reason").fill("one mug was chipped")
    person.submit()
    expect(person.notice).to_contain_text("refund")

    person.do("cancel")
    person.submit()
    expect(person.page.locator(".rk-error")).to_be_visible()
    person.check()
    person.page.get_by_label("Reason").fill("the buyer changed her mind")
    person.submit()

    step(person, "Cancelled")
    expect(person.page.locator(".rk-timeline")).to_contain_text("the buyer changed her mind")


@DESK
def test_a_move_on_an_old_page_is_refused_in_words(console, shop, new_order):
    order = new_order()
    path = f"/admin/orders/order/{order['id']}/change/"
    first, second = console(shop), console(shop)
    first.open(path)
    second.open(path)
    first.do("confirm")
    second.do("confirm")

    expect(second.notice).to_contain_text("changed")
    step(second, "Confirmed")
