"""`manage.py fleet`, and Django's migration commands outside every scope."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from rustok.context import ExecutionContext, TenantRef, use
from tests.apps.lifecycle.services.test_fleet import leave_behind


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def command(*words: str) -> str:
        with use(ExecutionContext()):
            call_command(*words)
        return capsys.readouterr().out

    return command


def test_fleet_is_shown_and_migrated(run, globex: TenantRef) -> None:
    leave_behind(globex)

    assert "globex: lacks 1" in run("fleet", "status")
    assert json.loads(run("fleet", "migrate", "--json")) == {"migrated": 1}
    assert run("fleet", "status").strip() == "2 tenants, 0 behind."
    assert {state["missing"] for state in json.loads(run("fleet", "status", "--json"))} == {0}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "words", [("makemigrations", "--check", "--dry-run"), ("showmigrations", "tenants"), ("migrate",)]
)
def test_django_migration_commands_work_on_the_shared_schema(run, words: tuple[str, ...]) -> None:
    run(*words)


@pytest.mark.django_db
def test_sql_of_a_migration_can_be_read(run) -> None:
    assert 'CREATE TABLE "tenants_tenant"' in run("sqlmigrate", "tenants", "0001")
