"""The capture of changes costs half: its statement is planned once per session, under a search path of its own."""

from django.db import migrations

CAPTURE = """
CREATE OR REPLACE FUNCTION security_audit_capture() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) ELSE '{}'::jsonb END;
    is_now jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) ELSE '{}'::jsonb END;
    masked text[] := string_to_array(TG_ARGV[0], ',');
    ignored text[] := string_to_array(TG_ARGV[1], ',');
    personal text[] := string_to_array(coalesce(TG_ARGV[2], ''), ',');
    row_id text := coalesce(is_now ->> 'id', was ->> 'id', '');
    who jsonb := coalesce(nullif(current_setting('rustok.actor', true), ''), '{}')::jsonb;
    woken text := TG_TABLE_SCHEMA || ' ' || pg_current_xact_id()::text;
    changed jsonb;
    facts jsonb;
    private jsonb;
BEGIN
    -- binary columns hold secrets or nothing that people read: to_jsonb gives them as '\\x…'
    SELECT jsonb_object_agg(key, CASE
               WHEN key = ANY (personal) THEN '"[personal]"'::jsonb
               WHEN key = ANY (masked) OR was ->> key LIKE '\\\\x%' OR is_now ->> key LIKE '\\\\x%' THEN '"[hidden]"'::jsonb
               ELSE jsonb_build_array(was -> key, is_now -> key) END),
           jsonb_object_agg(key, jsonb_build_array(was -> key, is_now -> key)) FILTER (WHERE key = ANY (personal))
    INTO changed, private FROM jsonb_object_keys(was || is_now) AS keys (key)
    WHERE (was -> key) IS DISTINCT FROM (is_now -> key) AND key <> ALL (ignored);
    IF changed IS NULL THEN
        RETURN NULL;
    END IF;
    facts := jsonb_build_object('columns', changed);
    IF private IS NOT NULL THEN
        facts := facts || jsonb_build_object('personal', jsonb_build_object(
            'subject', TG_ARGV[3] || ':' || row_id, 'open', jsonb_build_object('columns', private)));
    END IF;
    INSERT INTO security_auditentry (id, occurred_at, actor, actor_label, action, target, outcome, reason, details,
                                     request_id, trace_id, address)
    VALUES (
        -- UUIDv7 (RFC 9562 section 5.7), so that entries keep their order; uuidv7() came with PostgreSQL 18
        encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
            substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
            FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid, clock_timestamp(),
        coalesce(who ->> 'actor', 'database:' || session_user), coalesce(who ->> 'label', ''),
        'row:' || lower(TG_OP), TG_TABLE_NAME || '/' || row_id, 'ok', '', facts,
        coalesce(who ->> 'request', ''), coalesce(who ->> 'trace', ''), coalesce(who ->> 'address', ''));
    IF coalesce(current_setting('rustok.audit_woken', true), '') <> woken THEN
        PERFORM set_config('rustok.audit_woken', woken, true);
        INSERT INTO public.operations_audit_wakeup (id, tenant_id) SELECT gen_random_uuid(), coalesce(
            (SELECT id FROM public.tenants_tenant WHERE schema_name = TG_TABLE_SCHEMA),
            '00000000-0000-0000-0000-000000000000'::uuid);
    END IF;
    RETURN NULL;
END
$$
"""
PATH = """
DO $do$
BEGIN
    EXECUTE format('ALTER FUNCTION security_audit_capture() SET search_path TO %I, public, pg_temp', current_schema());
END
$do$
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0010_self_audit")]
    operations = [
        migrations.RunSQL(CAPTURE, migrations.RunSQL.noop),
        migrations.RunSQL(PATH, "ALTER FUNCTION security_audit_capture() RESET search_path"),
    ]
