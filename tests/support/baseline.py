"""The state that tests start from, kept beside the data, and the way back to it. One round trip, about 20 ms."""

from __future__ import annotations

from typing import Final

from django.db import connection

_TABLES: Final = """
    SELECT n.nspname, c.relname, EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND (n.nspname = 'public' OR n.nspname LIKE 't\\_%%')
"""

_RESTORE: Final = """
CREATE FUNCTION baseline.restore() RETURNS int LANGUAGE plpgsql AS $body$
DECLARE
    item record; differs bool; dirty baseline.tables[] := '{}'; entry baseline.tables;
BEGIN
    SET CONSTRAINTS ALL DEFERRED;
    FOR item IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%'
                AND nspname NOT IN (SELECT schema FROM baseline.tables) LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', item.nspname);
    END LOOP;
    FOR entry IN SELECT * FROM baseline.tables LOOP
        IF entry.copy IS NULL THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', entry.schema, entry.name) INTO differs;
        ELSE
            EXECUTE format('SELECT (SELECT string_agg(t::text, chr(10) ORDER BY t::text) FROM %I.%I t)'
                           ' IS DISTINCT FROM'
                           ' (SELECT string_agg(t::text, chr(10) ORDER BY t::text) FROM baseline.%I t)',
                           entry.schema, entry.name, entry.copy) INTO differs;
        END IF;
        IF differs THEN dirty := dirty || entry; END IF;
    END LOOP;
    FOREACH entry IN ARRAY dirty LOOP
        IF entry.guarded THEN
            EXECUTE format('ALTER TABLE %I.%I DISABLE TRIGGER USER', entry.schema, entry.name);
        END IF;
    END LOOP;
    FOREACH entry IN ARRAY dirty LOOP
        EXECUTE format('DELETE FROM %I.%I', entry.schema, entry.name);
    END LOOP;
    FOREACH entry IN ARRAY dirty LOOP
        IF entry.copy IS NOT NULL THEN
            EXECUTE format('INSERT INTO %I.%I OVERRIDING SYSTEM VALUE TABLE baseline.%I',
                           entry.schema, entry.name, entry.copy);
        END IF;
    END LOOP;
    SET CONSTRAINTS ALL IMMEDIATE;
    FOREACH entry IN ARRAY dirty LOOP
        IF entry.guarded THEN
            EXECUTE format('ALTER TABLE %I.%I ENABLE TRIGGER USER', entry.schema, entry.name);
        END IF;
    END LOOP;
    RETURN cardinality(dirty);
END $body$
"""


def remember() -> None:
    """Copy every filled table into the schema `baseline`, and list the empty ones."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA baseline")
        cursor.execute("CREATE TABLE baseline.tables (schema text, name text, copy text, guarded bool)")
        cursor.execute(_TABLES.replace("%%", "%"))
        for number, (schema, table, guarded) in enumerate(cursor.fetchall()):
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{schema}"."{table}")')
            copy = f"copy_{number}" if cursor.fetchone()[0] else None
            if copy is not None:
                cursor.execute(f'CREATE TABLE baseline."{copy}" AS TABLE "{schema}"."{table}"')
            cursor.execute("INSERT INTO baseline.tables VALUES (%s, %s, %s, %s)", [schema, table, copy, guarded])
        cursor.execute(_RESTORE)


def restore() -> int:
    """Put back every table that differs and drop schemas that a test made; returns how many tables differed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT baseline.restore()")
        return int(cursor.fetchone()[0])
