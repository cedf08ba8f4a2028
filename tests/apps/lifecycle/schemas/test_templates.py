"""Templates are stored by fingerprint, made when missing, and distrusted when they cannot be right."""

from __future__ import annotations

import pytest
from django.db import connection

from apps.lifecycle.models import SchemaTemplate
from apps.lifecycle.schemas import templates
from apps.lifecycle.schemas.dump import UnsupportedSchema
from apps.lifecycle.schemas.fingerprint import fingerprint, plan, targets, tenant_labels
from apps.lifecycle.schemas.templates import PLACEHOLDER, template_sql

pytestmark = pytest.mark.usefixtures("platform")


@pytest.fixture
def no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_fingerprint: str) -> str:
        raise AssertionError("a template was built")

    monkeypatch.setattr(templates, "_build", refuse)


def schemas_of_scratch() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_scratch%'")
        return [row[0] for row in cursor.fetchall()]


def test_stored_template_of_this_fingerprint_is_taken(no_build: None) -> None:
    script = template_sql()

    assert script is not None
    assert script.startswith(f"CREATE SCHEMA {PLACEHOLDER}")


def test_template_of_other_migrations_is_not_taken() -> None:
    SchemaTemplate.objects.update(fingerprint="of an older release", sql="CREATE SCHEMA stale")

    assert template_sql() != "CREATE SCHEMA stale"
    assert SchemaTemplate.objects.filter(fingerprint=fingerprint()).exists()
    assert schemas_of_scratch() == []


def test_schema_that_cannot_be_dumped_has_no_template(monkeypatch: pytest.MonkeyPatch) -> None:
    def strange(_schema: str) -> list[str]:
        raise UnsupportedSchema("type mood")

    SchemaTemplate.objects.all().delete()
    monkeypatch.setattr(templates, "dump_schema", strange)

    assert template_sql() is None
    assert schemas_of_scratch() == []


def test_replay_that_comes_out_different_is_distrusted(monkeypatch: pytest.MonkeyPatch) -> None:
    SchemaTemplate.objects.all().delete()
    monkeypatch.setattr(templates, "replay", lambda _script, schema: empty(schema))

    assert template_sql() is None


def empty(schema: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {schema}")


def test_old_templates_go_after_some_releases() -> None:
    for number in range(templates.KEPT + 3):
        SchemaTemplate.objects.create(fingerprint=f"release {number}", sql="")
    SchemaTemplate.objects.filter(fingerprint=fingerprint()).delete()

    template_sql()
    assert SchemaTemplate.objects.count() == templates.KEPT


def test_fingerprint_covers_the_tenant_apps_and_what_they_need() -> None:
    assert {"orders", "catalog", "security", "sessions"} <= tenant_labels()
    assert "tenants" not in tenant_labels()
    assert set(targets()) <= set(plan())
    assert len(fingerprint()) == 64
