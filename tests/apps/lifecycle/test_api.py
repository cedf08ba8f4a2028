"""`/api/v1/tenants/` on the platform host."""

from __future__ import annotations

import pytest

from apps.security.services import create_api_key
from apps.tenants.isolation import tenant_scope
from rustok.context import ExecutionContext, TenantRef

TENANTS = "/api/v1/tenants/"


@pytest.fixture
def operator(platform: ExecutionContext, client_of):
    _key, plain = create_api_key(name="operator", permissions=["tenant:*"], context=platform)
    return client_of(HTTP_AUTHORIZATION=f"Bearer {plain}")


def post(client, path: str, body: dict[str, object] | None = None, **headers: str):
    return client.post(TENANTS + path, body or {}, content_type="application/json", headers=headers)


def test_provisioned_tenant_is_served(operator, client_of) -> None:
    made = post(operator, "", {"slug": "initech", "name": "Initech"})

    assert made.status_code == 201
    assert len(made.json()["admin_password"]) >= 12
    assert operator.get(f"{TENANTS}initech/").json()["status"] == "active"


def test_tenants_are_listed_and_filtered(operator) -> None:
    assert [tenant["slug"] for tenant in operator.get(TENANTS).json()["results"]] == ["acme", "globex"]
    assert operator.get(f"{TENANTS}?status=suspended").json()["results"] == []


def test_suspension_closes_and_resumption_opens(operator, acme: TenantRef, client_of) -> None:
    assert post(operator, "acme/suspend/", {"reason": "unpaid"}).json()["status"] == "suspended"
    assert client_of(acme).get("/api/v1/orders/").status_code == 403
    assert post(operator, "acme/resume/").json()["status"] == "active"
    assert client_of(acme).get("/api/v1/orders/").status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("", {"slug": "acme", "name": "Acme"}, 409),
        ("", {"slug": "admin", "name": "Admin"}, 400),
        ("", {"slug": "initech"}, 400),
        ("", {"slug": "initech", "name": "Initech", "admin_password": "short"}, 400),
        ("", {"slug": "initech", "name": "Initech", "color": "red"}, 400),
        ("nobody/suspend/", {"reason": "x"}, 404),
        ("acme/suspend/", {}, 400),
        ("acme/resume/", {}, 409),
    ],
)
def test_refusal_is_a_problem(operator, path: str, body: dict[str, object], status: int) -> None:
    answer = post(operator, path, body)

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_stale_version_is_refused(operator) -> None:
    assert post(operator, "acme/suspend/", {"reason": "x"}, **{"If-Match": '"99"'}).status_code == 412


def test_tenants_are_not_served_on_a_tenant_host(
    operator, acme: TenantRef, context: ExecutionContext, client_of
) -> None:
    with tenant_scope(acme):
        _key, plain = create_api_key(name="root", permissions=["*:*"], context=context)

    assert client_of(acme, HTTP_AUTHORIZATION=f"Bearer {plain}").get(TENANTS).status_code == 404


def test_permission_is_needed(platform: ExecutionContext, client_of) -> None:
    _key, plain = create_api_key(name="weak", permissions=["event:read"], context=platform)

    assert client_of(HTTP_AUTHORIZATION=f"Bearer {plain}").get(TENANTS).status_code == 403
    assert client_of().get(TENANTS).status_code == 401
