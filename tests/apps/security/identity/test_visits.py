"""Break-glass: an operator in a shop's console, for a reason, for a while, in sight of everybody."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from apps.catalog.models import Product
from apps.security.identity.errors import VisitRefused
from apps.security.identity.visits import StartVisit, end_visit, start_visit
from apps.security.models import AuditEntry, BreakGlass, ConsoleSession, User
from apps.security.services import create_user
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import current
from rustok.errors.families import InvalidInput, PermissionDenied
from tests.apps.security.identity.conftest import PASSWORD
from tests.support.console import Visitor as Person
from tests.support.tenants import ref_of

REASON = "customer reports a wrong total, ticket 4711"
WANTED = {"tenant": "acme", "reason": REASON, "minutes": 15, "level": "look"}


@pytest.fixture
def root(platform):
    """An operator of the platform, whose scope the test is in."""
    return create_user(username="root", password=PASSWORD, role="operator", context=platform)


@pytest.fixture
def start(root):
    def go(**changes):
        context = replace(current(), actor=root.actor)
        return start_visit(input=StartVisit(**WANTED | changes), operator_id=root.pk, context=context)

    return go


@pytest.fixture
def there():
    """The operator's browser at the shop."""
    return Client(headers={"host": "acme.localhost", "accept": "text/html"})


@pytest.fixture
def inside(start, there, acme_ref):
    """The browser of an operator who has entered; the value of a visit."""

    def go(**changes):
        visit, ticket = start(**changes)
        assert there.post("/admin/visit/", {"ticket": ticket}).url == "/admin/"
        return visit

    return go


@pytest.fixture
def acme_ref(platform):
    return ref_of("acme")


def in_shop(ref, model):
    with tenant_scope(ref):
        return list(model.objects.order_by("id"))


def test_both_sides_keep_the_same_visit_and_its_reason(start, acme_ref):
    visit, _ticket = start()

    ledger, (theirs,) = BreakGlass.objects.get(), in_shop(acme_ref, BreakGlass)
    assert (ledger.pk, ledger.reason, ledger.operator_name) == (theirs.pk, theirs.reason, "root")
    assert ledger.ticket is None
    assert visit.expires_at - visit.started_at == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": "because"}, "/reason"),
        ({"minutes": 61}, "/minutes"),
        ({"minutes": 0}, "/minutes"),
        ({"level": "own"}, "/level"),
    ],
    ids=["short reason", "too long", "no time", "unknown level"],
)
def test_a_visit_needs_a_reason_and_an_end(start, change, field):
    with pytest.raises(InvalidInput) as refused:
        start(**change)

    assert refused.value.errors[0].pointer == field


def test_nobody_enters_without_the_permission(start, root):
    with pytest.raises(PermissionDenied):
        start_visit(
            input=StartVisit(**WANTED), operator_id=root.pk, context=replace(current(), permissions=frozenset())
        )


def test_the_visitor_sees_the_console_with_a_banner(inside, there):
    inside()

    page = there.get("/admin/").content.decode()
    assert "root visits this shop until" in page
    assert REASON in page


def test_a_ticket_opens_once_and_not_for_long(start, there, acme_ref):
    _visit, ticket = start()
    assert there.post("/admin/visit/", {"ticket": ticket}).status_code == 302
    again = Client(headers={"host": "acme.localhost", "accept": "text/html"})
    assert again.post("/admin/visit/", {"ticket": ticket}).context["form"].error.code == VisitRefused.code
    (refused,) = [entry for entry in in_shop(acme_ref, AuditEntry) if entry.action == "request:refuse"]
    assert (refused.target, refused.details["code"]) == ("console.visit", VisitRefused.code)

    _visit, late = start()
    with tenant_scope(acme_ref):
        BreakGlass.objects.update(started_at=timezone.now() - timedelta(minutes=6))
    assert again.post("/admin/visit/", {"ticket": late}).context["form"].error.code == VisitRefused.code


def test_looking_at_the_link_does_not_use_it_up(start, there):
    _visit, ticket = start()

    assert there.get(f"/admin/visit/?ticket={ticket}").status_code == 200
    assert there.post("/admin/visit/", {"ticket": ticket}).status_code == 302


def test_the_visit_ends_by_itself(inside, there, acme_ref):
    inside()
    with tenant_scope(acme_ref):
        past = timezone.now() - timedelta(hours=1)
        BreakGlass.objects.update(started_at=past - timedelta(minutes=1), expires_at=past)

    assert "/admin/login/" in there.get("/admin/").url


@pytest.mark.parametrize("side", ["platform", "shop", "visitor"])
def test_whoever_ends_it_ends_it_at_once_on_both_sides(inside, there, acme_ref, side):
    visit = inside()

    if side == "visitor":
        there.post("/admin/visit/end/")
    elif side == "platform":
        end_visit(visit_id=visit.pk, context=current())
    else:
        with tenant_scope(acme_ref) as context:
            end_visit(visit_id=visit.pk, context=context)

    assert "/admin/login/" in there.get("/admin/").url
    assert BreakGlass.objects.get().ended_at is not None
    assert in_shop(acme_ref, BreakGlass)[0].ended_at is not None
    assert [entry.action for entry in AuditEntry.objects.filter(action="break_glass:end")] == ["break_glass:end"]


def test_every_page_and_deed_is_in_both_chains_with_operator_and_reason(inside, there, acme_ref, root):
    inside(level="act")
    there.get("/admin/catalog/product/")

    for entries in (in_shop(acme_ref, AuditEntry), list(AuditEntry.objects.order_by("id"))):
        theirs = [entry for entry in entries if entry.actor == f"operator:{root.pk}"]
        mine = [entry for entry in theirs if not entry.action.startswith("row:")]
        assert {entry.reason for entry in mine} == {REASON}
        assert {"break_glass:enter", "break_glass:page"} <= {entry.action for entry in mine}
        assert "/admin/catalog/product/" in {entry.target for entry in mine}
    assert AuditEntry.objects.filter(action="break_glass:page").first().details["tenant"] == "acme"


def test_a_visitor_makes_nothing_that_outlives_the_visit(inside, there, acme_ref):
    inside(level="act")

    for page in ("/admin/security/user/", "/admin/security/apikey/", "/admin/security/breakglass/"):
        assert there.get(page).status_code == 403
    assert there.get("/admin/account/").status_code == 404
    assert there.post("/admin/security/user/do/create/", {"username": "mole"}).status_code == 403
    assert there.post("/admin/webhooks/webhookendpoint/do/create/", {"url": "https://a.example/"}).status_code == 403


def test_a_visitor_has_no_password_to_change(inside, there):
    inside()
    data = {"old_password": "x", "new_password1": PASSWORD, "new_password2": PASSWORD}

    assert there.get("/admin/password_change/").url == "/admin/"
    assert there.post("/admin/password_change/", data).url == "/admin/"


def test_a_page_whose_name_no_column_can_hold_is_noted_all_the_same(inside, there, acme_ref):
    inside()

    assert there.get("/admin/catalog/product/a%00b/change/").status_code in {302, 404}
    assert "/admin/catalog/product/ab/change/" in {entry.target for entry in in_shop(acme_ref, AuditEntry)}


def test_a_visitor_who_looks_changes_nothing(inside, there, acme_ref):
    inside()
    with tenant_scope(acme_ref):
        product = Product.objects.first()

    assert there.get("/admin/catalog/product/").status_code == 200
    assert there.post("/admin/catalog/product/do/create/", {"name": "Mug"}).status_code in {403, 404}
    assert product == in_shop(acme_ref, Product)[0] if product else True


def test_the_owner_sees_who_was_there_and_why(start, acme_ref):
    start()
    with tenant_scope(acme_ref):
        owner = Person("owner", acme_ref)
        visit = BreakGlass.objects.get()

        page = owner.page("security_breakglass", visit).content.decode()

    assert "root" in page
    assert REASON in page


def test_the_ledger_opens_no_platform_console(start):
    visit, _ticket = start()
    client = Client(headers={"host": "localhost"})
    session = client.session
    session["_auth_user_id"], session["_auth_user_backend"] = (
        str(visit.pk),
        "apps.security.identity.visitors.VisitBackend",
    )
    session.save()

    assert "/admin/login/" in client.get("/admin/").url


def test_an_operator_starts_a_visit_in_the_console(platform):
    operator = Person("operator")
    first = operator.client.get("/admin/security/breakglass/do/start/")
    assert urlsplit(first.url).path == "/admin/account/confirm/"
    operator.client.post("/admin/account/confirm/", {"password": "a-long-enough-password"})

    answer = operator.client.post("/admin/security/breakglass/do/start/", WANTED)

    assert answer.context["link"].startswith("http://acme.localhost")
    assert answer["Referrer-Policy"] == "same-origin"
    assert ConsoleSession.objects.filter(visit_id=None).count() == 1
    assert User.objects.filter(username="operator-visitor").exists()


def test_platform_pages_are_absent_in_shops(acme):
    owner = Person("owner", acme)

    assert owner.client.get("/admin/security/breakglass/do/start/").status_code in {302, 404}
    with platform_scope("nothing was begun"):
        assert not BreakGlass.objects.exists()
