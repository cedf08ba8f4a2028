"""Sessions and second factors over REST: one's own with a token, others' with the right to."""

from __future__ import annotations

import json
import time

import pytest
from django.test import Client

from apps.security.identity import totp
from apps.security.identity.factors import Draft, add_app, prove_code
from apps.security.models import AuditEntry, ConsoleSession, Factor
from apps.security.services import create_user
from apps.security.tokens.services import exchange_for_person
from rustok.context import current
from rustok.db.ids import new_id
from tests.support.rest import Integrator

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap_passwords(settings):
    settings.PASSWORD_HASHERS = ("django.contrib.auth.hashers.MD5PasswordHasher",)


class Person:
    """Somebody with two browsers at the console, an app, and a token."""

    def __init__(self, name, role):
        self.user = create_user(username=name, password=PASSWORD, role=role, context=current())
        self.browsers = [self.signed_in(name) for _number in range(2)]
        self.draft = Draft.new()
        code = totp.code_at(self.draft.secret, totp.step_at(time.time()))
        self.factor, self.codes = add_app(user=self.user, draft=self.draft, name="", code=code)
        self.token = exchange_for_person(user=self.user, permissions=None, context=current()).access_token

    def signed_in(self, name):
        browser = Client(headers={"host": "acme.localhost", "accept": "text/html", "user-agent": "Firefox/140 Linux"})
        browser.post("/admin/login/", {"username": name, "password": PASSWORD})
        return browser

    def send(self, method, path, body=None, token=None):
        headers = {"host": "acme.localhost", "authorization": f"Bearer {token or self.token}"}
        data = json.dumps(body) if body is not None else ""
        return Client(headers=headers).generic(method, f"/api/v1/{path}", data, content_type="application/json")

    def sees(self, path):
        return self.send("GET", path).json()["results"]

    def remove(self, factor, **body):
        return self.send("POST", f"factors/{factor.pk}/remove/", body)


@pytest.fixture
def bob(acme, context):
    return Person("bob", "manager")


@pytest.fixture
def eve(acme, context):
    return Person("eve", "viewer")


def entries(action):
    return list(AuditEntry.objects.filter(action=action).values_list("actor", "target"))


def test_people_see_their_own_sessions_and_factors_and_no_secret(bob, eve):
    sessions, factors = bob.sees("sessions/"), bob.sees("factors/")

    assert [(row["user"], row["device"], row["method"]) for row in sessions] == [
        (str(bob.user.pk), "Firefox, Linux", "password")
    ] * 2
    assert [(row["id"], row["kind"]) for row in factors] == [(str(bob.factor.pk), "totp")]
    assert not {"key_hash", "data", "material", "counter"} & {*sessions[0], *factors[0]}


def test_one_session_ends_at_once_and_that_is_in_the_audit_log(bob):
    ended = bob.sees("sessions/")[0]["id"]

    assert bob.send("DELETE", f"sessions/{ended}/").status_code == 204
    assert bob.send("DELETE", f"sessions/{ended}/").status_code == 404
    assert [browser.get("/admin/account/").status_code for browser in bob.browsers] == [200, 302]
    assert (bob.user.actor.reference, str(bob.user.pk)) in entries("session:end")


def test_all_own_sessions_end_and_nobody_elses(bob, eve):
    assert bob.send("DELETE", "sessions/").status_code == 204

    assert ConsoleSession.objects.filter(user=bob.user).count() == 0
    assert ConsoleSession.objects.filter(user=eve.user).count() == 2
    assert entries("session:end_all") == [(bob.user.actor.reference, str(bob.user.pk))]


def test_the_sessions_of_others_are_out_of_reach(bob, eve):
    others = ConsoleSession.objects.filter(user=bob.user).first()
    refused = eve.send("DELETE", f"sessions/{others.pk}/")

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "not_own")
    assert ConsoleSession.objects.filter(pk=others.pk).exists()


def test_a_token_of_narrower_scope_ends_nothing(bob):
    narrow = exchange_for_person(user=bob.user, permissions=["order:read"], context=current()).access_token

    assert bob.send("DELETE", "sessions/", token=narrow).status_code == 403
    assert ConsoleSession.objects.filter(user=bob.user).count() == 2


def test_a_program_has_no_sessions_and_ends_those_it_may(acme, context, bob):
    shop = Integrator(acme, context, ["session:*"])

    assert shop.send("DELETE", "sessions/").status_code == 204
    assert ConsoleSession.objects.filter(user=bob.user).count() == 2
    assert shop.send("DELETE", f"sessions/{shop.get('sessions/').json()['results'][0]['id']}/").status_code == 204
    assert ConsoleSession.objects.filter(user=bob.user).count() == 1


def test_ones_own_factor_goes_with_a_code_and_not_without(bob):
    assert [bob.remove(bob.factor, **body).json()["code"] for body in ({}, {"code": "000000"})] == [1162, 1162]
    assert Factor.objects.filter(pk=bob.factor.pk).exists()

    assert bob.remove(bob.factor, code=bob.codes[0]).status_code == 204
    assert entries("factor:remove") == [(bob.user.actor.reference, str(bob.user.pk))]


def test_guessing_codes_ends_in_a_wait(bob):
    answers = [bob.remove(bob.factor, code="000000") for _attempt in range(6)]

    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, 1161)
    assert bob.remove(bob.factor, code=bob.codes[0]).status_code == 429


def test_guesses_with_a_stolen_token_do_not_keep_the_owner_from_signing_in(bob):
    for _attempt in range(6):
        bob.remove(bob.factor, code="000000")

    assert prove_code(user=bob.user, code=bob.codes[0]) == "recovery"


def test_the_factors_of_others_take_every_permission_of_theirs(acme, context, bob, eve):
    helper = Integrator(acme, context, ["factor:*"])
    refused = helper.post(f"factors/{eve.factor.pk}/remove/", {})

    assert bob.remove(eve.factor, code=bob.codes[0]).json()["errors"][0]["code"] == "not_own"
    assert (refused.status_code, refused.json()["code"]) == (403, 1101)
    assert Integrator(acme, context).post(f"factors/{eve.factor.pk}/remove/", {}).status_code == 204
    assert Factor.objects.filter(user=eve.user).count() == 0


def test_what_is_not_there_is_not_found(acme, context):
    shop = Integrator(acme, context)

    assert shop.send("DELETE", f"sessions/{new_id()}/").status_code == 404
    assert shop.post(f"factors/{new_id()}/remove/", {}).status_code == 404


def test_signing_out_is_in_the_audit_log(bob):
    session = ConsoleSession.objects.filter(user=bob.user).order_by("id").first()
    bob.browsers[0].post("/admin/logout/")

    (entry,) = AuditEntry.objects.filter(action="session:end")
    assert (entry.actor, entry.target) == (bob.user.actor.reference, str(bob.user.pk))
    assert entry.details == {"session": str(session.pk), "by": "sign-out"}


def test_a_strangers_sign_out_is_nothing(acme, context, client_of):
    client_of(acme, HTTP_ACCEPT="text/html").post("/admin/logout/")

    assert not AuditEntry.objects.filter(action="session:end").exists()
