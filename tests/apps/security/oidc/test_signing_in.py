"""Operators sign in by a provider, and every answer that is not quite right is refused on a page with a password."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from joserfc.jwk import OctKey

from apps.security.models import AuditEntry, ExternalIdentity, User
from apps.security.oidc.flow import Flow
from apps.security.oidc.pages import COOKIE
from apps.security.services import create_user, set_password
from apps.tenants.isolation import platform_scope
from rustok.context import current
from tests.support.console import Visitor, offered
from tests.support.openid_peer import CLIENT, new_key, way_back
from tests.support.tenants import acting

START = "/admin/login/oidc/"
DASHBOARD = "/admin/"
PASSWORD = "correct horse battery"


@pytest.fixture
def ann(db):
    with acting(), platform_scope("make an operator"):
        return create_user(
            username="ann",
            email="ann@example.com",
            role="operator",
            password="correct horse battery",
            context=current(),
        )


def there_and_back(browser, peer, **changes):
    """A whole sign-in; `changes` are made to what the browser brings back."""
    answer = peer.consent(browser.get(START)["Location"]) | changes
    return browser.get(way_back({name: value for name, value in answer.items() if value is not None}))


def is_signed_in(browser):
    return browser.get("/admin/account/").status_code == 200


def test_the_door_shows_the_way_and_it_leads_to_the_provider(browser, peer):
    page = browser.get("/admin/login/?next=/admin/security/").content.decode()
    away = browser.get(f"{START}?next=/admin/security/")

    assert f'href="{START}?next=%2Fadmin%2Fsecurity%2F"' in page
    assert away["Location"].startswith(f"{peer.issuer}/authorize?response_type=code&client_id={CLIENT}&")
    assert "code_challenge_method=S256" in away["Location"]
    cookie = away.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", START)


def test_over_https_no_sibling_host_can_plant_the_cookies(browser, peer, ann, settings):
    settings.SESSION_COOKIE_SECURE = True
    away = browser.get(START)
    back = browser.get(way_back(peer.consent(away["Location"])))

    cookie = away.cookies[f"__Host-{COOKIE}"]
    assert (cookie["path"], cookie["domain"], cookie["secure"]) == ("/", "", True)
    assert (back["Location"], back.cookies[f"__Host-{COOKIE}"]["max-age"]) == (DASHBOARD, 0)


def test_a_shop_has_no_such_door(acme, client_of, peer):
    shop = client_of(acme, HTTP_ACCEPT="text/html")

    assert START not in shop.get("/admin/login/").content.decode()
    assert shop.get(START)["Location"].startswith("/admin/login/")


def test_without_a_provider_there_is_no_such_page(browser):
    assert browser.get(START).status_code == 404
    assert START not in browser.get("/admin/login/").content.decode()


def test_an_operator_comes_in_and_is_known_by_the_subject_from_then_on(browser, peer, ann):
    assert there_and_back(browser, peer)["Location"] == DASHBOARD
    assert is_signed_in(browser)

    peer.claims |= {"email": "ann@elsewhere.example", "sub": "ann-1"}
    assert there_and_back(browser, peer)["Location"] == DASHBOARD
    with platform_scope("look"):
        link = ExternalIdentity.objects.get()
        assert (link.user_id, link.issuer, link.subject) == (ann.pk, peer.issuer, "ann-1")
        assert "ann-1" not in str(AuditEntry.objects.get(action="identity:link").details)


def test_whoever_has_the_address_of_somebody_with_an_account_is_somebody_else(browser, peer, ann):
    """It was let in before; providers give the address of who has left to the next one of that name."""
    there_and_back(browser, peer)
    browser.cookies.clear()
    peer.claims |= {"sub": "ann-2"}

    assert "another account" in refused_for(browser, peer)
    with platform_scope("look"):
        assert ExternalIdentity.objects.get().subject == "ann-1"
        assert AuditEntry.objects.get(action="identity:link", outcome="refused").target == str(ann.pk)


def test_an_administrator_lets_a_person_come_with_another_account(browser, peer, ann):
    there_and_back(browser, peer)
    with acting(), platform_scope("an administrator"):
        root = Visitor("operator")
        root.prove()
        root.do("security_user", "unlink", ann)
        assert "unlink" not in offered(root.page("security_user", ann))
    assert not is_signed_in(browser)
    peer.claims |= {"sub": "ann-2"}

    assert there_and_back(browser, peer)["Location"] == DASHBOARD


GOALS = {
    "/admin/security/user/": "/admin/security/user/",
    "https://elsewhere.example/": DASHBOARD,
    "//elsewhere.example/": DASHBOARD,
    "/\\elsewhere.example": DASHBOARD,
}


@pytest.mark.parametrize(("wanted", "goal"), GOALS.items(), ids=GOALS)
def test_people_go_where_they_wanted_on_this_host_only(browser, peer, ann, wanted, goal):
    answer = peer.consent(browser.get(START, {"next": wanted})["Location"])

    assert browser.get(way_back(answer))["Location"] == goal


LIES = {
    "another nonce": {"nonce": "other"},
    "no nonce": {"nonce": None},
    "for somebody else": {"aud": "other"},
    "for several, by nobody": {"aud": [CLIENT, "other"]},
    "for several, by another": {"aud": [CLIENT, "other"], "azp": "other"},
    "by another": {"azp": "other"},
    "from somebody else": {"iss": "https://elsewhere.example"},
    "expired": {"exp": int(time.time()) - 100},
    "without an end": {"exp": None},
    "old": {"iat": int(time.time()) - 3600},
    "from the future": {"iat": int(time.time()) + 3600},
    "nobody": {"sub": None},
    "an empty name": {"sub": ""},
    "a name that is none": {"sub": 7},
    "a long name": {"sub": "x" * 256},
}


@pytest.mark.parametrize("lies", LIES.values(), ids=LIES)
def test_a_token_that_is_not_for_this_sign_in_is_refused(browser, peer, ann, lies):
    peer.lies = lies
    refused = there_and_back(browser, peer)

    assert (refused.status_code, is_signed_in(browser)) == (403, False)
    assert 'name="password"' in refused.content.decode()


def with_the_secret(peer):
    peer.key = OctKey.import_key("a client secret that is long enough for HMAC", {"kid": "first"})
    peer.algorithm, peer.published = "HS256", [new_key("first")]


def with_another_key(peer):
    peer.key, peer.published = new_key("first"), [new_key("first")]


@pytest.mark.parametrize("spoil", [with_the_secret, with_another_key], ids=["HMAC", "another key"])
def test_a_token_with_a_signature_of_others_is_refused(browser, peer, ann, spoil):
    spoil(peer)

    assert there_and_back(browser, peer).status_code == 403
    assert not is_signed_in(browser)


ANSWERS = {
    "another state": {"state": "other"},
    "no state": {"state": None},
    "no code": {"code": None},
    "another code": {"code": "other"},
    "a no": {"code": None, "error": "access_denied"},
    "of another provider": {"iss": "https://elsewhere.example"},
}


@pytest.mark.parametrize("changes", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_not_ours_is_refused(browser, peer, ann, changes):
    assert there_and_back(browser, peer, **changes).status_code == 403
    assert not is_signed_in(browser)


def test_an_answer_counts_once_in_the_browser_that_asked(browser, peer, ann, client_of):
    away = browser.get(START)
    answer = peer.consent(away["Location"])
    stranger = client_of(HTTP_ACCEPT="text/html")
    assert stranger.get(way_back(answer)).status_code == 403

    assert browser.get(way_back(answer))["Location"] == DASHBOARD
    browser.cookies[COOKIE] = away.cookies[COOKIE].value  # even with the cookie of then
    assert browser.get(way_back(answer)).status_code == 403


def test_a_flow_ends_after_ten_minutes(browser, peer, ann, monkeypatch):
    answer = peer.consent(browser.get(START)["Location"])
    late = time.time() + 601
    monkeypatch.setattr("django.core.signing.time.time", lambda: late)

    assert browser.get(way_back(answer)).status_code == 403


def test_the_code_is_bound_to_the_browser_by_pkce(browser, peer, ann, monkeypatch):
    answer = peer.consent(browser.get(START)["Location"])
    genuine = Flow.read
    stolen = Flow.new("/admin/")
    monkeypatch.setattr(
        Flow, "read", lambda cookie: Flow(genuine(cookie).state, genuine(cookie).nonce, stolen.verifier, "/admin/")
    )

    assert browser.get(way_back(answer)).status_code == 403


def test_keys_rotate_without_telling_anybody(browser, peer, ann, monkeypatch):
    there_and_back(browser, peer)
    peer.key = new_key("second")
    monkeypatch.setattr("apps.security.oidc.discovery.KEYS_PAUSE", 0.0)

    assert there_and_back(browser, peer)["Location"] == DASHBOARD


def test_invented_keys_cost_the_provider_nothing(browser, peer, ann):
    there_and_back(browser, peer)
    peer.header = {"kid": "invented"}
    there_and_back(browser, peer)
    there_and_back(browser, peer)

    assert peer.asked.count("/keys") == 1


DOWN = {
    "no metadata": ("/.well-known/openid-configuration", 500, {}),
    "metadata of another": ("/.well-known/openid-configuration", 200, {"issuer": "https://elsewhere.example"}),
    "a redirect": ("/.well-known/openid-configuration", 302, b""),
    "no JSON": ("/.well-known/openid-configuration", 200, b"<html>"),
    "a list": ("/.well-known/openid-configuration", 200, []),
    "too much": ("/.well-known/openid-configuration", 200, b" " * 1_100_000),
}


@pytest.mark.parametrize(("place", "status", "said"), DOWN.values(), ids=DOWN)
def test_a_provider_that_is_down_leaves_a_door_with_a_password(browser, peer, ann, place, status, said):
    peer.answers = {place: (status, said)}
    page = browser.get(START)

    assert (page.status_code, 'name="password"' in page.content.decode()) == (503, True)


@pytest.mark.parametrize(("place", "status"), [("/token", 500), ("/keys", 500), ("/keys", 404)], ids=str)
def test_a_provider_that_fails_on_the_way_back_is_told_apart_from_a_wrong_answer(browser, peer, ann, place, status):
    peer.answers = {place: (status, {})}

    assert there_and_back(browser, peer).status_code == 503


def test_without_the_provider_the_password_still_works(browser, configured, ann):
    configured(issuer="http://127.0.0.1:9")
    with acting(), platform_scope("set a password"):
        set_password(user=ann, password=PASSWORD, context=replace(current(), actor=ann.actor))

    assert browser.get(START).status_code == 503
    entered = browser.post("/admin/login/", {"username": "ann", "password": PASSWORD, "next": DASHBOARD})
    assert entered["Location"] == DASHBOARD


def refused_for(browser, peer):
    page = there_and_back(browser, peer)
    assert (page.status_code, is_signed_in(browser)) == (403, False)
    return page.content.decode()


def test_an_address_that_nobody_verified_belongs_to_nobody(browser, peer, ann):
    peer.claims |= {"email_verified": False}

    assert "nobody here has its e-mail address" in refused_for(browser, peer)


def test_people_without_an_account_are_not_made_without_a_role(browser, peer, platform):
    assert "nobody here has its e-mail address" in refused_for(browser, peer)


def test_a_locked_person_stays_outside(browser, peer, ann):
    with platform_scope("lock"):
        User.objects.filter(pk=ann.pk).update(is_active=False)

    assert "locked" in refused_for(browser, peer)


@pytest.mark.parametrize(("email", "verified"), [("ann@evil.example", True), ("ann@example.com", False)], ids=str)
def test_only_verified_addresses_of_the_named_domains(browser, peer, configured, ann, email, verified):
    configured(issuer=peer.issuer, domains=frozenset({"example.com"}))
    assert there_and_back(browser, peer)["Location"] == DASHBOARD
    browser.cookies.clear()

    peer.claims |= {"email": email, "email_verified": verified}
    assert "another domain" in refused_for(browser, peer)


@pytest.mark.parametrize(
    ("claims", "code"), [({"sub": "mallory", "email": "m@evil.example"}, 1125), ({"nonce": "x"}, 1124)]
)
def test_who_was_not_admitted_is_in_the_audit_log(browser, peer, ann, claims, code):
    peer.lies = claims
    refused_for(browser, peer)

    with platform_scope("look"):
        entry = AuditEntry.objects.get(action="request:refuse")
    assert (entry.target, entry.details["code"]) == ("console.oidc_callback", code)


def test_groups_make_a_person_and_its_role(browser, peer, configured, db):
    configured(issuer=peer.issuer, roles={"ops": "operator"})
    peer.claims |= {"groups": ["staff", "ops"], "preferred_username": "ann.lee"}

    assert there_and_back(browser, peer)["Location"] == DASHBOARD
    with platform_scope("look"):
        made = User.objects.get(username="ann.lee")
    assert (made.role, made.email, made.has_usable_password()) == ("operator", "ann@example.com", False)


@pytest.mark.parametrize("groups", [None, [], ["staff"], "ops", {"ops": 1}, [["ops"]]], ids=str)
def test_groups_that_give_no_role_let_nobody_in(browser, peer, configured, ann, groups):
    configured(issuer=peer.issuer, roles={"ops": "operator"})
    peer.claims |= {"groups": groups}

    assert "none of its groups" in refused_for(browser, peer)


@pytest.mark.parametrize("name", ["ann", "with space", "x" * 200], ids=["taken", "not allowed", "too long"])
def test_names_that_cannot_be_used_are_a_refusal(browser, peer, configured, ann, name):
    configured(issuer=peer.issuer, roles={"ops": "operator"})
    peer.claims = {"sub": "other", "groups": ["ops"], "preferred_username": name}

    assert "its name cannot be used" in refused_for(browser, peer)


@pytest.mark.parametrize("path", [START, f"{START}callback/"])
def test_only_get(browser, peer, path):
    assert browser.post(path).status_code == 405
