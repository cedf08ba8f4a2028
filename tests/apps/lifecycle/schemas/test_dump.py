"""A replayed schema is the migrated one: same names, same definitions, same rows, same future."""

from __future__ import annotations

import re
import subprocess

import pytest
from django.apps import apps
from django.db import connection, transaction

from apps.lifecycle.schemas.dump import UnsupportedSchema, canonical, dump_schema, renamed
from apps.lifecycle.schemas.fingerprint import tenant_labels
from apps.lifecycle.schemas.migrations import migrate_schema
from apps.lifecycle.schemas.templates import PLACEHOLDER, replay, template_sql
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import ExecutionContext, TenantRef
from rustok.db.ids import new_id
from rustok.local.binaries import postgres_bin
from tests.support.processes import database_url

MIGRATED = TenantRef(id=new_id(), slug="migrated", name="", schema="t_made_by_migrations")
REPLAYED = TenantRef(id=new_id(), slug="replayed", name="", schema="t_made_by_replaying")


def make_both() -> None:
    with platform_scope("make both schemas"):
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {MIGRATED.schema}")
        migrate_schema(MIGRATED)
        with transaction.atomic():
            replay(template_sql() or "", REPLAYED.schema)


def dumped(tenant: TenantRef) -> str:
    return canonical(renamed(dump_schema(tenant.schema), tenant.schema, PLACEHOLDER))


def without_times(script: str) -> str:
    return re.sub(r"'\d{4}-\d\d-\d\d [^']+'", "then", script)


def by_pg_dump(tenant: TenantRef) -> str:
    program = postgres_bin(None) / "pg_dump"
    command = [program, "--schema", tenant.schema, "--no-owner", "--inserts", "--restrict-key", "x", database_url()]
    script = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    kept = [line for line in script.splitlines() if not line.startswith(("INSERT INTO", "SELECT pg_catalog.setval"))]
    return canonical("\n".join(kept).replace(tenant.schema, PLACEHOLDER))


def test_replayed_schema_dumps_like_the_migrated_one(platform: ExecutionContext) -> None:
    make_both()

    assert without_times(dumped(REPLAYED)) == without_times(dumped(MIGRATED))


@pytest.mark.django_db(transaction=True)
def test_pg_dump_sees_no_difference_either() -> None:
    make_both()

    assert by_pg_dump(REPLAYED) == by_pg_dump(MIGRATED)


def test_replayed_schema_remembers_its_migrations(platform: ExecutionContext) -> None:
    make_both()

    assert migrate_schema(REPLAYED) == 0


def test_later_migrations_find_every_constraint_and_index_by_name(acme: TenantRef) -> None:
    models = [model for label in sorted(tenant_labels()) for model in apps.get_app_config(label).get_models()]
    found = 0
    with tenant_scope(acme), connection.cursor() as cursor:
        for model in models:
            names = set(connection.introspection.get_constraints(cursor, model._meta.db_table))
            wanted = {item.name for item in (*model._meta.constraints, *model._meta.indexes)}
            assert wanted <= names, model
            found += len(wanted)

    assert found > 30


def test_constraint_of_a_replayed_schema_can_be_removed_and_added(acme: TenantRef) -> None:
    customer = apps.get_model("customers", "Customer")
    with connection.schema_editor() as editor:
        for constraint in customer._meta.constraints:
            editor.remove_constraint(customer, constraint)
            editor.add_constraint(customer, constraint)


@pytest.mark.parametrize(
    ("definition", "named"),
    [
        ("CREATE TYPE t_strange.mood AS ENUM ('good')", "type mood"),
        ("CREATE DOMAIN t_strange.positive AS int CHECK (VALUE > 0)", "type positive"),
        ("CREATE TABLE t_strange.a (n int) PARTITION BY RANGE (n)", "relation kind p"),
        ("CREATE MATERIALIZED VIEW t_strange.m AS SELECT 1", "relation kind m"),
        ("CREATE TABLE t_strange.a (n int); CREATE POLICY own ON t_strange.a USING (true)", "policy own"),
        ("CREATE TABLE t_strange.a (n int); CREATE TABLE t_strange.b () INHERITS (t_strange.a)", "inheritance of b"),
        ("CREATE TABLE t_strange.a (n int); COMMENT ON TABLE t_strange.a IS 'x'", "comment on a"),
        ("CREATE TABLE t_strange.a (n int); GRANT SELECT ON t_strange.a TO public", "grants on a"),
        (
            "CREATE TABLE t_strange.a (n int, m int); CREATE STATISTICS t_strange.s ON n, m FROM t_strange.a",
            "statistics s",
        ),
    ],
)
def test_what_the_dump_does_not_know_is_refused_by_name(
    platform: ExecutionContext, definition: str, named: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA t_strange; {definition}")

    with pytest.raises(UnsupportedSchema, match=named):
        dump_schema("t_strange")


RICH = """
    CREATE SCHEMA t_rich_one;
    CREATE FUNCTION t_rich_one.stamp() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.n := NEW.n + 1; RETURN NEW; END $$;
    CREATE SEQUENCE t_rich_one.tickets INCREMENT 5 CACHE 3;
    CREATE SEQUENCE t_rich_one.owned;
    CREATE UNLOGGED TABLE t_rich_one.notes (
        id bigint GENERATED ALWAYS AS IDENTITY (START 7) PRIMARY KEY,
        n int DEFAULT nextval('t_rich_one.owned') CHECK (n > 0),
        body text COLLATE "C" NOT NULL,
        loud text GENERATED ALWAYS AS (upper(body)) STORED,
        parent bigint REFERENCES t_rich_one.notes DEFERRABLE INITIALLY DEFERRED,
        EXCLUDE USING btree (body WITH =)
    ) WITH (fillfactor = 80);
    ALTER SEQUENCE t_rich_one.owned OWNED BY t_rich_one.notes.n;
    CREATE INDEX loud_ones ON t_rich_one.notes (lower(body)) WHERE n > 1;
    CREATE VIEW t_rich_one.short AS SELECT id, body FROM t_rich_one.notes;
    INSERT INTO t_rich_one.notes (body) VALUES ('it''s'), ('a\\b'), ('100 %');
    SET CONSTRAINTS ALL IMMEDIATE;
    CREATE TRIGGER stamp BEFORE INSERT ON t_rich_one.notes FOR EACH ROW EXECUTE FUNCTION t_rich_one.stamp();
    CREATE TRIGGER off BEFORE UPDATE ON t_rich_one.notes FOR EACH ROW EXECUTE FUNCTION t_rich_one.stamp();
    ALTER TABLE t_rich_one.notes DISABLE TRIGGER off;
    SELECT nextval('t_rich_one.tickets');
"""


def test_everything_that_migrations_may_write_by_hand_survives(platform: ExecutionContext) -> None:
    with connection.cursor() as cursor:
        cursor.execute(RICH)
    first = dump_schema("t_rich_one")

    replay(renamed(first, "t_rich_one", PLACEHOLDER), "t_rich_two")

    assert renamed(dump_schema("t_rich_two"), "t_rich_two", "t_rich_one") == ";\n".join(first)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(loud, ',' ORDER BY id), count(*) FROM t_rich_two.notes")
        assert cursor.fetchone() == ("IT'S,A\\B,100 %", 3)
        cursor.execute("INSERT INTO t_rich_two.notes (body) VALUES ('new') RETURNING id, n")
        assert cursor.fetchone() == (10, 5)
