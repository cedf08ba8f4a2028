"""Changes of audited tables, whoever makes them: triggers write an entry per row, bulk and raw statements included.

TRUNCATE has no rows: it leaves one entry of its own, `row:truncate`.

The actor comes from the session, where `rustok.db.attribution` puts it; a statement that reached the database by
another way is noted as the database's own user. Which tables are under capture is said by their apps, when they start.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import migrations

from rustok.db.attribution import Captured

FUNCTION = """
CREATE FUNCTION security_audit_capture() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) ELSE '{}'::jsonb END;
    is_now jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) ELSE '{}'::jsonb END;
    hidden text[] := string_to_array(TG_ARGV[0], ',');
    ignored text[] := string_to_array(TG_ARGV[1], ',');
    who jsonb := coalesce(nullif(current_setting('rustok.actor', true), ''), '{}')::jsonb;
    changed jsonb;
BEGIN
    SELECT jsonb_object_agg(key, CASE WHEN key = ANY (hidden) THEN '"[hidden]"'::jsonb
                                      ELSE jsonb_build_array(was -> key, is_now -> key) END)
    INTO changed FROM jsonb_object_keys(was || is_now) AS keys (key)
    WHERE (was -> key) IS DISTINCT FROM (is_now -> key) AND key <> ALL (ignored);
    IF changed IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format(
        'INSERT INTO %I.security_auditentry (id, occurred_at, actor, actor_label, action, target, outcome, reason,'
        ' details, request_id, trace_id, address)'
        ' VALUES ($1, clock_timestamp(), $2, $3, $4, $5, ''ok'', '''', $6, $7, $8, $9)', TG_TABLE_SCHEMA)
    USING
        -- UUIDv7 (RFC 9562 section 5.7), so that entries keep their order; uuidv7() came with PostgreSQL 18
        encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
            substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
            FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid,
        coalesce(who ->> 'actor', 'database:' || session_user), coalesce(who ->> 'label', ''),
        'row:' || lower(TG_OP), TG_TABLE_NAME || '/' || coalesce(is_now ->> 'id', was ->> 'id', ''),
        jsonb_build_object('columns', changed),
        coalesce(who ->> 'request', ''), coalesce(who ->> 'trace', ''), coalesce(who ->> 'address', '');
    INSERT INTO public.operations_audit_wakeup (id, tenant_id) SELECT gen_random_uuid(), coalesce(
        (SELECT id FROM public.tenants_tenant WHERE schema_name = TG_TABLE_SCHEMA),
        '00000000-0000-0000-0000-000000000000'::uuid);
    RETURN NULL;
END
$$
"""
"""The first version, as migration 0004 made it; 0009 replaces it."""

TRUNCATED = """
CREATE FUNCTION security_audit_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who jsonb := coalesce(nullif(current_setting('rustok.actor', true), ''), '{}')::jsonb;
BEGIN
    EXECUTE format(
        'INSERT INTO %I.security_auditentry (id, occurred_at, actor, actor_label, action, target, outcome, reason,'
        ' details, request_id, trace_id, address)'
        ' VALUES ($1, clock_timestamp(), $2, $3, ''row:truncate'', $4, ''ok'', '''', ''{}'', $5, $6, $7)',
        TG_TABLE_SCHEMA)
    USING
        encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
            substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
            FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid,
        coalesce(who ->> 'actor', 'database:' || session_user), coalesce(who ->> 'label', ''), TG_TABLE_NAME || '/',
        coalesce(who ->> 'request', ''), coalesce(who ->> 'trace', ''), coalesce(who ->> 'address', '');
    INSERT INTO public.operations_audit_wakeup (id, tenant_id) SELECT gen_random_uuid(), coalesce(
        (SELECT id FROM public.tenants_tenant WHERE schema_name = TG_TABLE_SCHEMA),
        '00000000-0000-0000-0000-000000000000'::uuid);
    RETURN NULL;
END
$$
"""
"""What migration 0012 makes."""

_INSTALL = """
DO $do$
BEGIN
    IF to_regclass(format('%I.%I', current_schema(), '{table}')) IS NOT NULL THEN
        {statements}
    END IF;
END
$do$
"""
_DROP = "DROP TRIGGER IF EXISTS {name} ON {table};"
_WHERE_KNOWN = "IF to_regproc('security_audit_truncated') IS NOT NULL THEN {statement}; END IF;"
"""The function is younger than the first migrations that put tables under capture."""


def audited(table: str, *, hidden: tuple[str, ...] = (), ignored: tuple[str, ...] = ()) -> migrations.RunSQL:
    """As `under_capture`, for a table without personal data."""
    return under_capture(Captured(table=table, masked=hidden, ignored=ignored))


def under_capture(captured: Captured) -> migrations.RunSQL:
    """The migration that puts a table under capture, in the schemas where it is, or changes what is kept of it.

    Say the same to `rustok.db.attribution.capture()` in the app's `ready()`: a test compares the two.
    """
    names = [name for name, _definition in triggers(captured)] + [f"{captured.table}_audited_update"]
    drop = [_DROP.format(name=name, table=captured.table) for name in dict.fromkeys(names)]
    *rows, (_name, truncation) = triggers(captured)
    create = [f"{definition};" for _name, definition in rows]
    create.append(_WHERE_KNOWN.format(statement=truncation))
    return migrations.RunSQL(_guarded(captured.table, drop + create), _guarded(captured.table, drop))


def truncation_noted(table: str) -> migrations.RunSQL:
    """For tables that were under capture before TRUNCATE was: `under_capture` does the same from then on."""
    drop = _DROP.format(name=f"{table}_audited_truncate", table=table)
    _name, definition = triggers(Captured(table=table))[-1]
    return migrations.RunSQL(_guarded(table, [drop, f"{definition};"]), _guarded(table, [drop]))


def triggers(captured: Captured) -> list[tuple[str, str]]:
    """Names and definitions of the triggers that a table under capture has."""
    name, table = f"{captured.table}_audited", captured.table
    lists = (",".join(columns) for columns in (captured.masked, captured.ignored, captured.personal))
    arguments = ", ".join(f"'{text}'" for text in (*lists, captured.subject))
    if not captured.columns:
        return [(name, _trigger(name, f"INSERT OR UPDATE OR DELETE ON {table}", "", arguments)), _truncation(table)]
    differs = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in captured.columns)
    when = f"({differs})" + (f" AND NOT ({captured.unless})" if captured.unless else "")
    update = f"UPDATE OF {', '.join(captured.columns)} ON {table}"
    return [
        (name, _trigger(name, f"INSERT OR DELETE ON {table}", "", arguments)),
        (f"{name}_update", _trigger(f"{name}_update", update, f"WHEN ({when}) ", arguments)),
        _truncation(table),
    ]


def _truncation(table: str) -> tuple[str, str]:
    name, function = f"{table}_audited_truncate", "EXECUTE FUNCTION security_audit_truncated()"
    return name, f"CREATE TRIGGER {name} AFTER TRUNCATE ON {table} FOR EACH STATEMENT {function}"


def _trigger(name: str, when: str, condition: str, arguments: str) -> str:
    function = f"EXECUTE FUNCTION security_audit_capture({arguments})"
    return f"CREATE TRIGGER {name} AFTER {when} FOR EACH ROW {condition}{function}"


def _guarded(table: str, statements: Sequence[str]) -> str:
    return _INSTALL.format(table=table, statements="\n        ".join(statements))
