"""A person from the first password to a passkey: a browser with an authenticator of its own (WebAuthn, CDP)."""

import base64
import os
import time

from playwright.sync_api import expect

from apps.security.identity import totp
from tests.e2e.console import DESK

GIVEN, CHOSEN = "given by the owner", "chosen by the person"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def add_person(owner, name):
    owner.open("/admin/security/user/do/create/")
    owner.page.get_by_label("User name").fill(name)
    owner.page.get_by_label("Password").fill(GIVEN)
    owner.submit()
    expect(owner.notice).to_contain_text("can sign in")


def knock(person, name, password):
    person.open("/admin/login/")
    person.page.get_by_label("User name").fill(name)
    person.page.get_by_label("Password").fill(password)
    person.page.get_by_role("button", name="Sign in", exact=True).click()


def leave(person):
    person.page.locator("#person summary").click()
    person.page.get_by_role("button", name="Log out").click()


def code_of(secret, ahead):
    return totp.code_at(base64.b32decode(secret.replace(" ", "")), totp.step_at(time.time()) + ahead)


@DESK
def test_a_person_adds_factors_and_signs_in_by_each(console, shop):
    name = f"carol-{os.getpid()}-{int(time.time())}"
    add_person(console(shop), name)
    person = console(shop, signed_in=False)
    devices = person.page.context.new_cdp_session(person.page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    # what somebody else has chosen is changed first
    knock(person, name, GIVEN)
    expect(person.heading).to_have_text("Change password")
    person.page.locator("[name=old_password]").fill(GIVEN)
    person.page.locator("[name=new_password1]").fill(CHOSEN)
    person.page.locator("[name=new_password2]").fill(CHOSEN)
    person.page.get_by_role("button", name="Change password").click()

    # an authenticator app, with recovery codes
    person.open("/admin/account/")
    person.page.get_by_role("link", name="Add an authenticator app").click()
    person.check()
    secret = person.page.locator("[data-secret]").inner_text()
    person.page.get_by_label("Code").fill(code_of(secret, 0))
    person.page.get_by_role("button", name="Add", exact=True).click()
    expect(person.page.locator("[data-secret] li")).to_have_count(10)
    person.check()

    # a passkey
    person.open("/admin/account/passkey/")
    person.page.get_by_label("Name").fill("This computer")
    person.check()
    person.page.get_by_role("button", name="Create a passkey").click()
    expect(person.page.locator("#factors tbody tr")).to_have_count(2)
    person.check()

    # in by the passkey alone, then by password and code
    leave(person)
    person.open("/admin/login/")
    person.page.get_by_role("button", name="Sign in with a passkey").click()
    expect(person.heading).to_have_text("Dashboard")
    leave(person)
    knock(person, name, CHOSEN)
    expect(person.heading).to_have_text("Second factor")
    person.check()
    person.page.get_by_label("Code").fill(code_of(secret, 1))
    person.page.get_by_role("button", name="Continue").click()
    expect(person.heading).to_have_text("Dashboard")
