"""Host -> scope for the whole request; every other claim is ignored; refusals are problems."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from apps.tenants import middleware
from apps.tenants.isolation import current_tenant
from apps.tenants.middleware import TenantResolutionMiddleware
from apps.tenants.models import Domain, Tenant
from rustok.context import ExecutionContext, TenantRef, current, use
from tests.support.sessions import seen_schema


def answer(request: HttpRequest) -> HttpResponse:
    scope = current()
    return HttpResponse(scope.tenant.slug if scope.tenant else "platform")


def ask(host: str, view=answer, **headers: str):
    request = RequestFactory().get("/api/v1/orders/", headers={"host": host, **headers})
    with use(ExecutionContext()):
        return TenantResolutionMiddleware(view)(request)


@pytest.fixture
def own_domain(acme: TenantRef) -> Domain:
    return Domain.objects.create(domain="shop.example.com", tenant_id=acme.id, verified_at="2026-01-01T00:00Z")


@pytest.mark.parametrize(
    ("host", "slug"),
    [
        ("acme.localhost", "acme"),
        ("acme.localhost:8000", "acme"),
        ("ACME.Localhost.", "acme"),
        ("globex.localhost", "globex"),
        ("localhost", "platform"),
        ("LOCALHOST.:8000", "platform"),
    ],
)
@pytest.mark.django_db
def test_host_decides_the_scope(host: str, slug: str) -> None:
    assert ask(host).content.decode() == slug


def test_verified_domain_leads_to_its_tenant(own_domain: Domain) -> None:
    assert ask("Shop.Example.com:443").content == b"acme"


def test_unverified_domain_leads_nowhere(own_domain: Domain) -> None:
    Domain.objects.filter(pk=own_domain.pk).update(verified_at=None)

    assert ask("shop.example.com").status_code == 404


@pytest.mark.parametrize(
    ("host", "status", "code"),
    [
        ("nobody.localhost", 404, 4101),
        ("unknown.example.com", 404, 4101),
        ("127.0.0.1", 404, 4101),
        ("a.acme.localhost", 404, 4101),
        ("acme_localhost/..", 400, 2101),
        ("", 400, 2101),
    ],
)
@pytest.mark.django_db
def test_refusal_is_a_problem(host: str, status: int, code: int, problem) -> None:
    assert problem(ask(host)) == (status, code)


@pytest.mark.parametrize(("state", "status", "code"), [("suspended", 403, 4102), ("provisioning", 503, 4103)])
def test_closed_shop_is_refused_at_the_door(acme: TenantRef, state: str, status: int, code: int, problem) -> None:
    Tenant.objects.filter(pk=acme.id).update(status=state)

    assert problem(ask("acme.localhost")) == (status, code)


@pytest.mark.parametrize(
    "claim",
    [
        {"x-forwarded-host": "globex.localhost"},
        {"x-tenant-id": "globex"},
        {"x-tenant": "globex"},
        {"forwarded": "host=globex.localhost"},
        {"x-forwarded-host": "globex.localhost", "x-tenant-id": "globex", "x-forwarded-for": "127.0.0.1"},
    ],
    ids="+".join,
)
@pytest.mark.django_db
def test_forged_headers_change_nothing(claim: dict[str, str]) -> None:
    assert ask("acme.localhost", **claim).content == b"acme"


@pytest.mark.django_db
def test_trusted_proxy_speaks_for_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "is_trusted_proxy", lambda peer: peer == "127.0.0.1")

    assert ask("internal.example", **{"x-forwarded-host": "globex.localhost"}).content == b"globex"


@pytest.mark.django_db
def test_scope_ends_with_the_request() -> None:
    with use(ExecutionContext()):
        ask("acme.localhost")
        assert current().schema is None


def test_known_host_costs_no_statement(acme: TenantRef, django_assert_num_queries) -> None:
    ask("acme.localhost")

    with django_assert_num_queries(0):
        assert ask("acme.localhost").content == b"acme"


def test_platform_host_costs_no_statement(acme: TenantRef, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        ask("localhost")


def test_streamed_body_is_produced_inside_the_scope(acme: TenantRef) -> None:
    def rows(_request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(f"{current_tenant().slug}:{seen_schema()};".encode() for _ in range(2))

    response = ask("acme.localhost", rows)

    assert b"".join(response.streaming_content).decode() == f"acme:{acme.schema};" * 2


def test_consumer_of_a_stream_stays_outside_its_scope(acme: TenantRef) -> None:
    response = ask("globex.localhost", lambda _request: StreamingHttpResponse(iter([b"a", b"b"])))

    for _chunk in response.streaming_content:
        assert current_tenant() == acme


@pytest.mark.django_db
def test_missing_database_is_a_problem_that_may_be_retried(monkeypatch: pytest.MonkeyPatch, problem) -> None:
    def absent(*_arguments: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("apps.tenants.resolution.source.shared_rows", absent)

    assert problem(ask("acme.localhost")) == (503, 5001)


@pytest.mark.django_db
def test_platform_host_gets_the_platform_map(settings) -> None:
    seen = []
    ask("localhost", lambda request: seen.append(request.urlconf) or HttpResponse())
    ask("acme.localhost", lambda request: seen.append(getattr(request, "urlconf", None)) or HttpResponse())

    assert seen == [settings.PUBLIC_SCHEMA_URLCONF, None]
