"""The door of the console: who gets in, what a stranger learns, how long one must wait, what a session is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.security.models import AuditEntry, ConsoleSession, SignInCounter
from apps.security.services import create_user, set_password
from apps.tenants.isolation import tenant_scope
from rustok.config import config
from tests.apps.security.identity.conftest import PASSWORD

WRONG = "not the password"


def test_name_and_password_open_the_console(bob, browser, sign_in):
    answer = sign_in(next="/admin/account/")

    assert answer.url == "/admin/account/"
    assert browser.get("/admin/account/").status_code == 200
    assert ConsoleSession.objects.get(user=bob).device == "Firefox/140 Linux"


def test_the_way_back_stays_on_this_host(bob, sign_in):
    assert sign_in(next="https://evil.example/").url == "/admin/"


def test_a_session_gets_a_new_key_at_sign_in(bob, browser, sign_in):
    browser.get("/admin/visit/?ticket=x")
    session = browser.session
    session["planted"] = True
    session.save()
    planted = browser.cookies["rustok_session"].value if "rustok_session" in browser.cookies else session.session_key

    sign_in()

    assert browser.cookies["rustok_session"].value != planted
    assert not ConsoleSession.objects.filter(user=None).exists()


@pytest.mark.parametrize("name", ["bob", "nobody"])
def test_a_stranger_learns_nothing_about_names(bob, sign_in, name):
    refused = [sign_in(name, WRONG) for _attempt in range(5)]
    locked = sign_in(name, WRONG)

    assert {answer.status_code for answer in refused} == {200}
    assert {answer.context["form"].error.code for answer in refused} == {1160}
    assert (locked.status_code, locked.context["form"].error.code, locked["Retry-After"]) == (429, 1161, "30")


def test_known_and_unknown_names_cost_the_same_statements(bob, sign_in):
    sign_in("warm", WRONG)
    with CaptureQueriesContext(
        connection,
    ) as unknown:
        sign_in("nobody", WRONG)
    with CaptureQueriesContext(connection) as known:
        sign_in("bob", WRONG)

    assert len(unknown) == len(known)


def test_the_right_password_does_not_open_while_one_must_wait(bob, sign_in):
    for _attempt in range(5):
        sign_in(password=WRONG)

    assert sign_in().status_code == 429


@pytest.mark.parametrize("spelling", ["KIM", "k\u0131m"], ids=["capitals", "dotless"])
def test_every_spelling_that_the_database_takes_for_a_name_counts_for_it(sign_in, context, spelling):
    """PostgreSQL's UPPER makes an `I` of `ı`: each `i` in a name would else double what may be guessed."""
    create_user(username="kim", password=PASSWORD, role="viewer", context=context)
    for _attempt in range(5):
        sign_in("kim", WRONG)

    assert sign_in(spelling).status_code == 429


def test_a_known_device_gets_in_while_somebody_guesses(bob, browser, sign_in):
    sign_in()
    browser.post("/admin/logout/")
    stranger = Client(headers={"host": "acme.localhost", "accept": "text/html"})
    for _attempt in range(6):
        stranger.post("/admin/login/", {"username": "bob", "password": WRONG})

    assert stranger.post("/admin/login/", {"username": "bob", "password": PASSWORD}).status_code == 429
    assert sign_in().status_code == 302


def test_over_https_a_known_device_has_a_cookie_that_siblings_cannot_plant(bob, sign_in, settings):
    settings.SESSION_COOKIE_SECURE = True
    cookie = sign_in().cookies["__Host-rustok_device"]

    assert (cookie["path"], cookie["domain"], cookie["secure"]) == ("/", "", True)


def test_a_device_is_known_for_its_own_names_only(bob, browser, sign_in):
    sign_in()
    browser.post("/admin/logout/")
    for _attempt in range(6):
        answer = sign_in("alice", WRONG)

    assert answer.status_code == 429
    assert sign_in().status_code == 302


def test_refusals_and_sign_ins_are_in_the_audit_log(bob, sign_in):
    sign_in(password=WRONG)
    sign_in()

    refused, opened = AuditEntry.objects.filter(action__startswith="session:").order_by("id")
    assert (refused.action, refused.outcome, refused.target) == ("session:refuse", "refused", "")
    assert (opened.action, opened.actor, opened.details["method"]) == (
        "session:create",
        bob.actor.reference,
        "password",
    )


def test_a_script_gets_the_problem_document(bob, sign_in):
    answer = sign_in(password=WRONG, headers={"accept": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (403, 1160)


def test_the_same_name_in_another_shop_is_somebody_else(bob, globex, sign_in):
    there = Client(headers={"host": "globex.localhost", "accept": "text/html"})

    assert there.post("/admin/login/", {"username": "bob", "password": PASSWORD}).status_code == 200
    with tenant_scope(globex):
        assert SignInCounter.objects.count() == 2
    assert SignInCounter.objects.count() == 0


def test_a_session_of_one_shop_opens_no_other(bob, browser, sign_in):
    sign_in()

    assert "/admin/login/" in browser.get("/admin/", headers={"host": "globex.localhost"}).url


def test_the_table_of_sessions_opens_nothing(bob, browser, sign_in):
    sign_in()
    row = ConsoleSession.objects.get(user=bob)

    assert browser.cookies["rustok_session"].value not in (row.data, bytes(row.key_hash).hex())


@pytest.mark.parametrize(
    ("column", "seconds"),
    [("seen_at", config().session_idle), ("expires_at", 0)],
    ids=["idle", "absolute"],
)
def test_a_session_ends_by_itself(bob, browser, sign_in, column, seconds):
    sign_in()
    ConsoleSession.objects.update(**{column: timezone.now() - timedelta(seconds=seconds)})

    assert "/admin/login/" in browser.get("/admin/").url


def test_a_used_session_remembers_when_and_from_where(bob, browser, sign_in):
    sign_in()
    before = timezone.now() - timedelta(minutes=5)
    ConsoleSession.objects.update(seen_at=before)

    browser.get("/admin/account/", headers={"user-agent": "Chrome/150 Windows"})

    row = ConsoleSession.objects.get(user=bob)
    assert row.seen_at > before
    assert row.device == "Chrome/150 Windows"


def test_a_new_password_ends_the_other_sessions(bob, browser, sign_in):
    elsewhere = Client(headers={"host": "acme.localhost"})
    elsewhere.post("/admin/login/", {"username": "bob", "password": PASSWORD})
    sign_in()
    before = browser.cookies["rustok_session"].value

    changed = {
        "old_password": PASSWORD,
        "new_password1": "another horse battery",
        "new_password2": "another horse battery",
    }
    answer = browser.post("/admin/password_change/", changed)

    assert answer.status_code == 302
    assert browser.cookies["rustok_session"].value != before
    assert browser.get("/admin/account/").status_code == 200
    assert "/admin/login/" in elsewhere.get("/admin/").url


def test_the_old_password_cannot_be_guessed_from_inside(bob, browser, sign_in):
    sign_in()
    guess = {"old_password": WRONG, "new_password1": "another horse battery", "new_password2": "another horse battery"}
    for _attempt in range(5):
        browser.post("/admin/password_change/", guess)

    page = browser.post("/admin/password_change/", guess | {"old_password": PASSWORD})

    assert "Too many attempts" in page.content.decode()


def test_a_password_set_by_somebody_else_must_be_changed(bob, browser, sign_in, context):
    set_password(user=bob, password="given by an admin", context=context)
    sign_in(password="given by an admin")

    assert browser.get("/admin/").url == "/admin/password_change/"
    same = {
        "old_password": "given by an admin",
        "new_password1": "given by an admin",
        "new_password2": "given by an admin",
    }
    assert browser.post("/admin/password_change/", same).status_code == 200
    fresh = same | {"new_password1": "chosen by myself", "new_password2": "chosen by myself"}
    assert browser.post("/admin/password_change/", fresh).status_code == 302
    assert browser.get("/admin/").status_code == 200
