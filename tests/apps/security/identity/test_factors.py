"""Second factors: authenticator apps, recovery codes, and what the console's policy makes of them."""

import base64
import re
import time
from dataclasses import replace
from urllib.parse import quote_plus

import pytest

from apps.security.errors import GrantExceeded
from apps.security.identity import factors, rules, totp
from apps.security.identity.errors import (
    FreshSignInNeeded,
    SecondFactorNeeded,
    SecondFactorOff,
    SecondFactorRefused,
    SignInLocked,
)
from apps.security.identity.services import remove_factors
from apps.security.models import AuditEntry, ConsoleSession, Factor, RecoveryCode, User
from apps.security.roles import permissions_of
from apps.security.services import create_user
from rustok.context import current
from rustok.errors.families import DuplicateEntry, NotFound, PermissionDenied
from tests.apps.security.identity.conftest import PASSWORD
from tests.support.console import Visitor, notices
from tests.support.race import race
from tests.support.tenants import MALLORY


def code_of(secret, ahead=0):
    return totp.code_at(secret, totp.step_at(time.time()) + ahead)


@pytest.fixture
def app(bob):
    """Bob's authenticator app: its secret and his recovery codes. The code of now is used up already."""
    draft = factors.Draft.new()
    _factor, codes = factors.add_app(user=bob, draft=draft, name="phone", code=code_of(draft.secret))
    return draft.secret, codes


@pytest.fixture
def required(context):
    rules.change_policy(second_factor="required", context=context)
    rules.forget_policy()


def test_a_wrong_code_adds_no_app(bob):
    with pytest.raises(SecondFactorRefused):
        factors.add_app(user=bob, draft=factors.Draft.new(), name="phone", code="000000")

    assert not Factor.objects.exists()


def test_the_secret_is_sealed_and_recovery_codes_are_hashed(bob, app):
    secret, codes = app
    stored = b"".join(bytes(row.digest) for row in RecoveryCode.objects.all())

    assert secret not in bytes(Factor.objects.get().material)
    assert len(set(codes)) == 10
    assert not any(code.replace("-", "").encode() in stored for code in codes)


def test_a_code_is_accepted_once(bob, app):
    code = code_of(app[0], ahead=1)

    assert factors.prove_code(user=bob, code=code) == "totp"
    with pytest.raises(SecondFactorRefused):
        factors.prove_code(user=bob, code=code)


def test_the_code_that_added_the_app_is_used_up(bob, app):
    with pytest.raises(SecondFactorRefused):
        factors.prove_code(user=bob, code=code_of(app[0]))


def test_a_recovery_code_is_accepted_once_however_it_is_written(bob, app):
    assert factors.prove_code(user=bob, code=app[1][0].upper().replace("-", " ")) == "recovery"
    with pytest.raises(SecondFactorRefused):
        factors.prove_code(user=bob, code=app[1][0])
    assert factors.codes_left(bob) == 9


def test_a_refused_removal_uses_no_recovery_code_up(bob, app, required, context):
    factor = Factor.objects.get(user=bob)
    mine = replace(context, actor=bob.actor)
    with pytest.raises(SecondFactorNeeded):
        factors.remove_by_program(factor=factor, code=app[1][0], context=mine)

    assert factors.codes_left(bob) == 10


def test_an_app_that_is_added_twice_is_a_duplicate(bob):
    draft = factors.Draft.new()
    wish = {"user": bob, "draft": draft, "name": "phone", "code": code_of(draft.secret)}
    factors.add_app(**wish)

    with pytest.raises(DuplicateEntry):
        factors.add_app(**wish)


@pytest.mark.parametrize("former", ["optional", "required"])
def test_nobody_asks_less_of_who_may_do_more(context, former):
    rules.change_policy(second_factor=former, context=context)
    create_user(username="carol", password=PASSWORD, role="owner", context=context)
    admin = replace(context, actor=MALLORY, permissions=permissions_of("admin"))

    with pytest.raises(GrantExceeded):
        rules.change_policy(second_factor="off", context=admin)
    rules.change_policy(second_factor="required", context=admin)


def test_new_codes_replace_the_old_ones(bob, app):
    factors.new_codes(user=bob)

    with pytest.raises(SecondFactorRefused):
        factors.prove_code(user=bob, code=app[1][0])


def test_guessing_codes_ends_in_a_wait(bob, app):
    for _attempt in range(5):
        with pytest.raises(SecondFactorRefused):
            factors.prove_code(user=bob, code="000000")

    with pytest.raises(SignInLocked):
        factors.prove_code(user=bob, code=code_of(app[0], ahead=1))


def test_parallel_uses_of_one_code_let_one_in(live_acme, settings):
    settings.PASSWORD_HASHERS = ("django.contrib.auth.hashers.MD5PasswordHasher",)
    user = create_user(username="carol", password=PASSWORD, role="viewer", context=current())
    draft = factors.Draft.new()
    factors.add_app(user=user, draft=draft, name="", code=code_of(draft.secret))
    code = code_of(draft.secret, ahead=1)

    results = race(live_acme, [lambda _context: factors.prove_code(user=user, code=code)] * 4)

    assert results.count("totp") == 1


def test_names_are_given_and_changed(bob, app):
    factor = Factor.objects.get()

    assert factors.rename(user=bob, factor_id=factor.pk, name="tablet").name == "tablet"


def test_a_factor_of_somebody_else_is_not_there(bob, app, context):
    eve = create_user(username="eve", password=PASSWORD, role="viewer", context=context)

    with pytest.raises(NotFound):
        factors.remove(user=eve, factor_id=Factor.objects.get().pk)


def test_the_last_factor_takes_the_recovery_codes_with_it(bob, app):
    factors.remove(user=bob, factor_id=Factor.objects.get().pk)

    assert not RecoveryCode.objects.exists()


def test_the_last_factor_stays_where_one_is_required(bob, app, required):
    with pytest.raises(SecondFactorNeeded):
        factors.remove(user=bob, factor_id=Factor.objects.get().pk)


def test_where_factors_are_off_none_is_added(bob, context):
    rules.change_policy(second_factor="off", context=context)
    draft = factors.Draft.new()

    with pytest.raises(SecondFactorOff):
        factors.add_app(user=bob, draft=draft, name="", code=code_of(draft.secret))


def test_the_policy_is_for_those_who_may_change_it(mallory_context):
    with pytest.raises(PermissionDenied):
        rules.change_policy(second_factor="off", context=mallory_context)


# -- in the console -------------------------------------------------------------------------------------------------


def test_a_password_alone_opens_nothing_when_there_is_a_factor(bob, app, browser, sign_in):
    assert sign_in().url == "/admin/login/second/"

    assert "/admin/login/" in browser.get("/admin/").url
    assert not ConsoleSession.objects.filter(user=bob).exists()


def test_password_and_code_open_the_console(bob, app, browser, sign_in):
    sign_in(next="/admin/account/")

    answer = browser.post("/admin/login/second/", {"code": code_of(app[0], ahead=1)})

    assert answer.url == "/admin/account/"
    assert ConsoleSession.objects.get(user=bob).method == "password+totp"


def test_a_wrong_code_is_refused_in_words(bob, app, browser, sign_in):
    sign_in()

    page = browser.post("/admin/login/second/", {"code": "000000"})

    assert page.context["form"].error.code == SecondFactorRefused.code
    assert "used already" in page.content.decode()


def test_nobody_stands_at_the_second_door_without_the_first(browser, acme):
    assert browser.get("/admin/login/second/").url == "/admin/login/"


def test_the_second_door_closes_when_the_password_changes(bob, app, browser, sign_in, context):
    sign_in()
    bob.set_password("something else entirely")
    bob.save()

    assert browser.post("/admin/login/second/", {"code": code_of(app[0], ahead=1)}).url == "/admin/login/"


def test_required_without_a_factor_leaves_only_the_account(bob, browser, sign_in, required):
    sign_in()

    assert browser.get("/admin/").url == "/admin/account/"
    assert "requires a second factor" in browser.get("/admin/account/").content.decode()
    assert browser.get("/admin/account/app/").status_code == 200


def test_required_sends_an_older_session_to_prove_the_factor(bob, browser, sign_in, context):
    sign_in()
    draft = factors.Draft.new()
    factors.add_app(user=bob, draft=draft, name="", code=code_of(draft.secret))
    rules.change_policy(second_factor="required", context=context)
    rules.forget_policy()

    assert browser.get("/admin/").url == "/admin/account/confirm/"
    browser.post("/admin/account/confirm/", {"code": code_of(draft.secret, ahead=1)})
    assert browser.get("/admin/").status_code == 200


def test_an_app_is_added_by_scanning_and_typing(bob, browser, sign_in):
    sign_in()
    page = browser.get("/admin/account/app/").content.decode()
    text = re.search(r"data-secret>([A-Z2-7 ]+)<", page)[1].replace(" ", "")
    secret = base64.b32decode(text)
    wrong = browser.post("/admin/account/app/", {"code": "000000", "name": "phone"})
    added = browser.post("/admin/account/app/", {"code": code_of(secret), "name": "phone"})

    assert text in wrong.content.decode().replace(" ", "")
    assert len(added.context["codes"]) == 10
    assert "no-store" in added["Cache-Control"]
    assert "phone" in browser.get("/admin/account/").content.decode()


def test_changes_need_a_fresh_proof(bob, browser, sign_in):
    sign_in()
    session = browser.session
    session["proved_at"] = time.time() - 3600
    session.save()

    assert browser.get("/admin/account/app/").url == "/admin/account/confirm/?next=%2Fadmin%2Faccount%2Fapp%2F"
    assert browser.get("/admin/account/app/", headers={"accept": "application/json"}).json()["code"] == 1164
    assert browser.post("/admin/account/confirm/", {"password": "wrong"}).status_code == 200
    again = browser.post("/admin/account/confirm/", {"password": PASSWORD, "next": "/admin/account/app/"})
    assert again.url == "/admin/account/app/"
    assert browser.get("/admin/account/app/").status_code == 200


def test_a_factor_is_renamed_and_removed_on_its_page(bob, app, browser, sign_in):
    sign_in()
    browser.post("/admin/login/second/", {"code": app[1][0]})
    page = f"/admin/account/factors/{Factor.objects.get().pk}/"

    browser.post(page, {"name": "tablet", "act": "rename"})
    assert Factor.objects.get().name == "tablet"
    browser.post(page, {"name": "tablet", "act": "remove"})
    assert not Factor.objects.exists()
    assert browser.get(page).status_code == 404


def test_recovery_codes_are_made_again_and_shown_once(bob, app, browser, sign_in):
    sign_in()
    browser.post("/admin/login/second/", {"code": app[1][0]})

    page = browser.post("/admin/account/codes/")

    assert set(page.context["codes"]).isdisjoint(app[1])
    assert browser.get("/admin/account/codes/").url == "/admin/account/"


def test_own_sessions_are_seen_and_ended(bob, browser, sign_in):
    other = browser.__class__(headers={"host": "acme.localhost", "user-agent": "Chrome/150 Windows"})
    other.post("/admin/login/", {"username": "bob", "password": PASSWORD})
    third = browser.__class__(headers={"host": "acme.localhost"})
    third.post("/admin/login/", {"username": "bob", "password": PASSWORD})
    sign_in()

    page = browser.get("/admin/account/")
    assert [row["current"] for row in page.context["sessions"]].count(True) == 1
    assert {row["label"] for row in page.context["sessions"]} >= {"Firefox, Linux", "Chrome, Windows"}
    victim = ConsoleSession.objects.get(device="Chrome/150 Windows")
    browser.post(f"/admin/account/sessions/{victim.pk}/end/")
    assert "/admin/login/" in other.get("/admin/").url
    browser.post("/admin/account/sessions/end/")
    assert "/admin/login/" in third.get("/admin/").url
    assert browser.get("/admin/account/").status_code == 200


def test_a_session_of_somebody_else_is_not_there(bob, browser, sign_in, acme):
    visitor = Visitor("owner", acme)
    sign_in()
    theirs = ConsoleSession.objects.get(user=visitor.user)

    assert browser.post(f"/admin/account/sessions/{theirs.pk}/end/").status_code == 404


def test_administrators_see_and_end_sessions_of_everybody(bob, browser, sign_in, acme):
    sign_in()
    owner = Visitor("owner", acme)
    session = ConsoleSession.objects.get(user=bob)

    assert "Firefox, Linux" in owner.list("security_consolesession").content.decode()
    owner.do("security_consolesession", "end", session)
    assert "/admin/login/" in browser.get("/admin/").url


def test_a_manager_does_not_see_sessions(bob, browser, sign_in):
    sign_in()

    assert browser.get("/admin/security/consolesession/").status_code == 403


def test_an_administrator_unlocks_and_takes_lost_factors_away(bob, app, sign_in, acme):
    for _attempt in range(5):
        sign_in(password="wrong")
    assert sign_in().status_code == 429
    owner = Visitor("owner", acme)
    owner.prove()

    owner.do("security_user", "unlock", bob)
    assert sign_in().url == "/admin/login/second/"
    assert "password alone" in notices(owner.do("security_user", "remove_factors", bob))
    assert sign_in().url == "/admin/"
    assert {"user:unlock", "factor:remove_all"} <= set(AuditEntry.objects.values_list("action", flat=True))


def test_an_administrator_ends_all_sessions_of_a_person(bob, browser, sign_in, acme):
    sign_in()

    Visitor("owner", acme).do("security_user", "end_sessions", bob)

    assert "/admin/login/" in browser.get("/admin/").url


def test_the_policy_is_changed_in_the_console(acme):
    owner = Visitor("owner", acme)
    owner.prove()

    owner.do("security_consolesession", "policy", second_factor="off")

    assert rules.second_factor() == "off"


BORROWED = {
    "own password": ("security_user", "set_password", "me", {"password": "chosen by a thief"}),
    "password of another": ("security_user", "set_password", "bob", {"password": "chosen by a thief"}),
    "factors": ("security_user", "remove_factors", "bob", {}),
    "locking": ("security_user", "lock", "bob", {}),
    "policy": ("security_consolesession", "policy", None, {"second_factor": "off"}),
}


@pytest.mark.parametrize(("model", "command", "whose", "data"), BORROWED.values(), ids=BORROWED)
def test_a_borrowed_session_changes_nothing_about_how_people_sign_in(bob, app, acme, model, command, whose, data):
    owner = Visitor("owner", acme)
    before = User.objects.get(pk=owner.user.pk).password, User.objects.get(pk=bob.pk).password
    arguments = [{"me": owner.user, "bob": bob}[whose].pk] if whose else []
    place = owner.address(f"{model}_do_{command}", *arguments)

    page, program = owner.client.post(place, data), owner.client.post(place, data, headers={"accept": "text/json"})

    assert page.url == f"/admin/account/confirm/?next={quote_plus(place)}"
    assert program.json()["code"] == FreshSignInNeeded.code
    assert (User.objects.get(pk=owner.user.pk).password, User.objects.get(pk=bob.pk).password) == before
    assert (Factor.objects.filter(user=bob).exists(), rules.second_factor()) == (True, "optional")


def test_nobody_takes_the_factors_of_who_may_do_more(context):
    owner = create_user(username="carol", password=PASSWORD, role="owner", context=context)
    admin = replace(context, actor=MALLORY, permissions=permissions_of("admin"))

    with pytest.raises(GrantExceeded):
        remove_factors(user=owner, context=admin)
