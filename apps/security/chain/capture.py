"""Changes of audited tables, whoever makes them: triggers write an entry per row, bulk and raw statements included.

The actor comes from the session, where `rustok.db.attribution` puts it; a statement that reached the database by
another way is noted as the database's own user.
"""

from __future__ import annotations

from django.db import migrations

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
_FORWARD = """
CREATE TRIGGER {table}_audited AFTER INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION security_audit_capture('{hidden}', '{ignored}')
"""
_BACKWARD = "DROP TRIGGER {table}_audited ON {table}"


def audited(table: str, *, hidden: tuple[str, ...] = (), ignored: tuple[str, ...] = ()) -> migrations.RunSQL:
    """The migration that puts a table under capture. Name it in `rustok.db.attribution.attribute()` as well.

    `hidden` columns are noted as changed without their values: secrets and personal data. `ignored` ones are not noted:
    what changes all the time and tells nothing.
    """
    forward = _FORWARD.format(table=table, hidden=",".join(hidden), ignored=",".join(ignored))
    return migrations.RunSQL(forward, _BACKWARD.format(table=table))
