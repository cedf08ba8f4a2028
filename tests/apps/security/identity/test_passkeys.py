"""Passkeys, against an authenticator in software: what is accepted, and everything that is not."""

import pytest
from django.test import RequestFactory

from apps.security.identity import passkeys
from apps.security.identity.errors import PasskeyRefused
from apps.security.models import AuditEntry, Factor
from apps.security.services import create_user
from tests.support.authenticator import USER_PRESENT, SoftPasskey


@pytest.fixture
def request_at(acme):
    def make(host="acme.localhost"):
        return RequestFactory().get("/admin/login/", headers={"host": host})

    return make


@pytest.fixture
def enrol(bob, request_at):
    """Let Bob's browser make a passkey."""

    def go(soft, name="laptop"):
        request = request_at()
        ceremony = passkeys.enrolment(request, bob)
        answer = soft.create(ceremony.options)
        return passkeys.enrol(request, bob, note=ceremony.note, answer=answer, name=name)

    return go


@pytest.fixture
def soft(enrol):
    """A passkey that Bob has added."""
    made = SoftPasskey()
    enrol(made)
    return made


def sign_in(request, soft, user=None):
    ceremony = passkeys.challenge(request, user)
    return passkeys.prove(request, note=ceremony.note, answer=soft.get(ceremony.options), user=user)


def test_a_passkey_is_added_with_recovery_codes(enrol):
    factor, codes = enrol(SoftPasskey())

    assert (factor.kind, factor.name, factor.host, len(codes)) == ("passkey", "laptop", "acme.localhost", 10)


def test_a_passkey_says_by_itself_who_it_is(bob, soft, request_at):
    assert sign_in(request_at(), soft) == bob


def test_a_passkey_is_a_second_factor(bob, soft, request_at):
    assert sign_in(request_at(), soft, user=bob) == bob


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://globex.localhost"},
        {"origin": "http://evil.acme.localhost"},
        {"origin": "http://acme.localhost:8001"},
        {"origin": "https://acme.localhost"},
        {"rp_id": "localhost"},
        {"flags": 0},
        {"algorithm": -65535},
        {"cross_origin": True},
        {"credential_id": b""},
    ],
    ids=lambda wrong: "-".join(f"{key}={str(value).replace('://', ' ')}" for key, value in wrong.items()),
)
def test_what_is_wrong_with_a_new_passkey_is_refused(enrol, wrong):
    made = SoftPasskey(**wrong)

    with pytest.raises(PasskeyRefused):
        enrol(made)

    assert not Factor.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://evil.acme.localhost"},
        {"rp_id": "localhost"},
        {"flags": 0},
        {"flags": USER_PRESENT},
        {"cross_origin": True},
        {"handle": b"somebody else"},
        {"credential_id": b"unknown"},
    ],
    ids=["origin", "host", "nobody there", "owner not checked", "framed", "other handle", "unknown"],
)
def test_what_is_wrong_with_an_answer_is_refused(soft, request_at, wrong):
    for name, value in wrong.items():
        setattr(soft, name, value)

    with pytest.raises(PasskeyRefused):
        sign_in(request_at(), soft)


def test_another_key_behind_a_known_name_is_refused(soft, request_at):
    forged = SoftPasskey(credential_id=soft.credential_id, handle=soft.handle)

    with pytest.raises(PasskeyRefused):
        sign_in(request_at(), forged)


def test_a_challenge_is_good_once(soft, request_at):
    request = request_at()
    ceremony = passkeys.challenge(request)
    answer = soft.get(ceremony.options)
    passkeys.prove(request, note=ceremony.note, answer=answer)

    with pytest.raises(PasskeyRefused):
        passkeys.prove(request, note=ceremony.note, answer=answer)


def test_a_challenge_is_good_for_its_purpose_only(bob, soft, request_at):
    request = request_at()
    ceremony = passkeys.challenge(request, bob)
    answer = soft.get(ceremony.options)

    with pytest.raises(PasskeyRefused):
        passkeys.prove(request, note=ceremony.note, answer=answer)


def test_a_copied_passkey_is_noticed_by_its_counter(soft, request_at):
    soft.counter = 41
    sign_in(request_at(), soft)
    soft.counter = 7

    with pytest.raises(PasskeyRefused):
        sign_in(request_at(), soft)

    assert AuditEntry.objects.filter(action="factor:copied", outcome="refused").exists()


def test_a_passkey_without_a_counter_works_again_and_again(bob, enrol, request_at):
    made = SoftPasskey(steps=0)
    enrol(made)

    assert sign_in(request_at(), made) == bob
    assert sign_in(request_at(), made) == bob


def test_somebody_else_cannot_use_it_as_their_second_factor(soft, request_at, context):
    eve = create_user(username="eve", password="correct horse battery", role="viewer", context=context)

    with pytest.raises(PasskeyRefused):
        sign_in(request_at(), soft, user=eve)


def test_an_inactive_person_stays_outside(bob, soft, request_at):
    bob.is_active = False
    bob.save()

    with pytest.raises(PasskeyRefused):
        sign_in(request_at(), soft)


@pytest.mark.parametrize("answer", ["", "{", "[]", "null", '{"id": 1}', "9" * 40_000, "[" * 9_000, '{"response": {}}'])
def test_garbage_is_refused_and_nothing_worse(request_at, answer):
    request = request_at()
    ceremony = passkeys.challenge(request)

    with pytest.raises(PasskeyRefused):
        passkeys.prove(request, note=ceremony.note, answer=answer)


def test_a_note_of_our_own_making_is_needed(soft, request_at):
    with pytest.raises(PasskeyRefused):
        passkeys.prove(request_at(), note="forged", answer="{}")


def test_the_console_is_opened_by_a_passkey_alone(bob, soft, browser):
    ceremony = browser.get("/admin/login/").context["ceremony"]

    data = {"note": ceremony.note, "answer": soft.get(ceremony.options), "next": "/admin/account/"}
    assert browser.post("/admin/login/passkey/", data).url == "/admin/account/"
    assert browser.session["strong"] is True


def test_a_refused_passkey_is_explained_at_the_door(browser, acme):
    page = browser.post("/admin/login/passkey/", {"note": "x", "answer": "{}"})

    assert page.context["form"].error.code == PasskeyRefused.code
    assert "could not be used" in page.content.decode()
    entry = AuditEntry.objects.get(action="request:refuse")
    assert (entry.target, entry.details["code"]) == ("console.passkey_sign_in", PasskeyRefused.code)


def test_a_passkey_after_the_password(bob, soft, browser):
    browser.post("/admin/login/", {"username": "bob", "password": "correct horse battery"})
    ceremony = browser.get("/admin/login/second/").context["ceremony"]

    answer = soft.get(ceremony.options)
    assert browser.post("/admin/login/second/", {"note": ceremony.note, "answer": answer}).url == "/admin/"
    assert browser.get("/admin/account/").status_code == 200


def test_a_passkey_is_added_on_its_page(bob, browser, sign_in):
    sign_in()
    ceremony = browser.get("/admin/account/passkey/").context["ceremony"]
    answer = SoftPasskey().create(ceremony.options)

    page = browser.post("/admin/account/passkey/", {"note": ceremony.note, "answer": answer, "name": ""})

    assert len(page.context["codes"]) == 10
    assert Factor.objects.get().name == "Passkey 1"
