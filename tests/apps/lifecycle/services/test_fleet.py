"""The fleet is brought up to date: what is behind, only that, one run at a time, and it stops at a failure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from apps.lifecycle.errors import FleetBusy, FleetMigrationFailed
from apps.lifecycle.schemas.fingerprint import plan
from apps.lifecycle.schemas.migrations import missing_migrations
from apps.lifecycle.services import fleet, fleet_status, migrate_fleet
from apps.tenants.isolation import tenant_scope
from rustok.context import ExecutionContext, TenantRef
from rustok.errors.families import PermissionDenied
from tests.support.crowd import crowd
from tests.support.tenants import ROOT, TenantFactory, acting, platform_scope

FORGOTTEN = ("sessions", "0001_initial")


class Notes:
    """A progress bar that remembers."""

    total = 0

    def __init__(self) -> None:
        self.done: list[str] = []

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        self.done.append(note)


def leave_behind(tenant: TenantRef) -> None:
    """Put the tenant back to before its session table."""
    with tenant_scope(tenant), connection.cursor() as cursor:
        cursor.execute("DROP TABLE django_session")
        cursor.execute("DELETE FROM django_migrations WHERE (app, name) = (%s, %s)", FORGOTTEN)


def test_tenant_that_is_behind_is_migrated_and_the_others_left_alone(
    platform: ExecutionContext, globex: TenantRef
) -> None:
    leave_behind(globex)
    notes = Notes()

    assert [state.missing for state in fleet_status(context=platform)] == [0, 1]
    assert migrate_fleet(context=platform, progress=notes) == 1

    assert (notes.total, notes.done) == (1, ["globex"])
    assert [state.missing for state in fleet_status(context=platform)] == [0, 0]


def test_status_costs_the_same_for_any_number_of_tenants(platform: ExecutionContext) -> None:
    fleet_status(context=platform)
    with CaptureQueriesContext(connection) as few:
        fleet_status(context=platform)
    for _number in range(3):
        TenantFactory(schema=True)

    with CaptureQueriesContext(connection) as many:
        assert len(fleet_status(context=platform)) == 5
    assert len(many) == len(few) == 3


def test_schema_that_does_not_exist_lacks_everything(platform: ExecutionContext) -> None:
    assert missing_migrations(["t_ffffffffffff"]) == {"t_ffffffffffff": len(plan())}
    assert missing_migrations([]) == {}


def test_failure_names_the_schema_and_stops_the_run(
    platform: ExecutionContext, acme: TenantRef, globex: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_behind(acme)
    leave_behind(globex)
    notes = Notes()

    def fail(_tenant: TenantRef) -> int:
        raise DatabaseError("disk full\nDETAIL: none left")

    monkeypatch.setattr(fleet, "migrate_schema", fail)
    with pytest.raises(FleetMigrationFailed, match="disk full") as failure:
        migrate_fleet(context=platform, progress=notes)

    assert failure.value.context["schema"] == acme.schema
    assert notes.done == []


@pytest.mark.django_db(transaction=True)
def test_second_run_at_the_same_time_is_refused() -> None:
    def attempt(_number: int) -> None:
        with acting(ROOT) as context, pytest.raises(FleetBusy):
            migrate_fleet(context=context)

    with acting(ROOT), fleet._alone():
        crowd(attempt, pieces=1, threads=1)
    with acting(ROOT) as context:
        assert migrate_fleet(context=context) == 0


@pytest.mark.parametrize("service", [fleet_status, migrate_fleet])
def test_permission_is_needed(platform: ExecutionContext, service) -> None:
    with pytest.raises(PermissionDenied):
        service(context=replace(platform, permissions=frozenset({"tenant:*"})))


def test_suspended_tenants_are_migrated_too(platform: ExecutionContext) -> None:
    tenant = TenantFactory(schema=True, status="suspended")
    with platform_scope("forget a migration"), connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {tenant.schema_name}.django_session")
        cursor.execute(f"DELETE FROM {tenant.schema_name}.django_migrations WHERE app = 'sessions'")

    assert migrate_fleet(context=platform) == 1
