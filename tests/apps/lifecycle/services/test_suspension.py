"""Closing a shop and opening it again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.lifecycle.services import resume_tenant, suspend_tenant
from apps.security.queries import audit_entries
from apps.tenants.errors import TenantNotFound, TenantSuspended
from apps.tenants.isolation import tenant_scope
from apps.tenants.queries import get_tenant
from rustok.context import ExecutionContext
from rustok.db.ids import new_id
from rustok.errors.families import IllegalTransition, InvalidInput, PermissionDenied, VersionConflict
from tests.support.log import newest_types


def suspend(platform: ExecutionContext, **given: object):
    arguments = {"tenant_id": get_tenant("acme").pk, "reason": "unpaid", "context": platform}
    return suspend_tenant(**arguments | given)


def test_suspended_shop_is_closed_for_tasks(platform: ExecutionContext) -> None:
    suspend(platform)

    with pytest.raises(TenantSuspended), tenant_scope("acme"):
        pass


def test_suspended_shop_is_closed_for_requests(platform: ExecutionContext, client_of) -> None:
    suspended = suspend(platform)

    answer = client_of(suspended.ref()).get("/api/v1/orders/")
    assert (answer.status_code, answer.json()["code"]) == (403, 4102)


def test_resumed_shop_is_open_again(platform: ExecutionContext) -> None:
    tenant = suspend(platform)
    resume_tenant(tenant_id=tenant.pk, context=platform)

    with tenant_scope("acme"):
        pass


def test_deed_is_recorded_with_its_reason(platform: ExecutionContext) -> None:
    tenant = suspend(platform)
    resume_tenant(tenant_id=tenant.pk, reason="paid", context=platform)

    assert newest_types(2) == ["tenants.tenant_suspended", "tenants.tenant_resumed"]
    newest = [(entry.action, entry.reason) for entry in audit_entries().filter(action__startswith="tenant:")[:2]]
    assert newest == [("tenant:resume", "paid"), ("tenant:suspend", "unpaid")]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "bell\x07"])
def test_reason_is_needed_and_clean(platform: ExecutionContext, reason: str) -> None:
    with pytest.raises(InvalidInput):
        suspend(platform, reason=reason)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"tenant_id": new_id()}, TenantNotFound),
        ({"expected_version": 99}, VersionConflict),
    ],
)
def test_wrong_target_is_refused(platform: ExecutionContext, given: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        suspend(platform, **given)


def test_second_suspension_is_an_illegal_move(platform: ExecutionContext) -> None:
    suspend(platform)

    with pytest.raises(IllegalTransition):
        suspend(platform)


@pytest.mark.parametrize("service", [suspend_tenant, resume_tenant])
def test_permission_is_needed(platform: ExecutionContext, service) -> None:
    nobody = replace(platform, permissions=frozenset())

    with pytest.raises(PermissionDenied):
        service(tenant_id=new_id(), reason="x", context=nobody)
