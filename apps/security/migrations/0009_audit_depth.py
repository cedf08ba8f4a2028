"""More tables under capture; personal data sealed per person; old entries may leave; indexes for looking things up."""

from django.db import migrations, models

import rustok.db.ids
from apps.security.chain.capture import under_capture
from rustok.db.attribution import Captured

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
        'row:' || lower(TG_OP), TG_TABLE_NAME || '/' || row_id, facts,
        coalesce(who ->> 'request', ''), coalesce(who ->> 'trace', ''), coalesce(who ->> 'address', '');
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
REFUSE = """
CREATE OR REPLACE FUNCTION security_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    let_go bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.number IS NULL AND NEW.number IS NOT NULL AND NEW.hash IS NOT NULL
       AND to_jsonb(NEW) - '{number,hash,details}'::text[] = to_jsonb(OLD) - '{number,hash,details}'::text[] THEN
        IF NEW.details = OLD.details THEN
            RETURN NEW;
        END IF;
        -- personal data is sealed in the same step, and nothing else of the details may change
        IF OLD.details #> '{personal,open}' IS NOT NULL AND NEW.details #> '{personal,sealed}' IS NOT NULL
           AND NEW.details #> '{personal,subject}' = OLD.details #> '{personal,subject}'
           AND NEW.details - 'personal' = OLD.details - 'personal' THEN
            RETURN NEW;
        END IF;
    END IF;
    -- what was moved to a sealed file may go: the head of the chain says up to where
    IF TG_OP = 'DELETE' AND OLD.number IS NOT NULL THEN
        EXECUTE format('SELECT max(pruned) FROM %I.security_auditchain', TG_TABLE_SCHEMA) INTO let_go;
        IF OLD.number <= let_go THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit entries cannot be changed or removed' USING ERRCODE = 'insufficient_privilege';
END
$$
"""
# Letters and digits only, so that identifiers, addresses and actions are found by their parts.
WORDS = """
CREATE FUNCTION security_audit_words(action text, target text, label text, reason text, details jsonb)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.to_tsvector('pg_catalog.simple'::pg_catalog.regconfig, pg_catalog.regexp_replace(
        pg_catalog.concat_ws(' ', action, target, label, reason, pg_catalog.left(CASE
            WHEN pg_catalog.jsonb_typeof(details) = 'object' THEN details OPERATOR(pg_catalog.-) 'personal'
            ELSE details END::text, 20000)), '\\W+', ' ', 'g'))
$$;
CREATE INDEX security_audit_words_ix ON security_auditentry
    USING gin (security_audit_words(action, target, actor_label, reason, details)) WHERE number IS NOT NULL;
CREATE INDEX security_audit_subject_ix ON security_auditentry ((details #>> '{personal,subject}'), id)
    WHERE details #>> '{personal,subject}' IS NOT NULL;
"""
NO_WORDS = """
DROP INDEX security_audit_subject_ix;
DROP INDEX security_audit_words_ix;
DROP FUNCTION security_audit_words(text, text, text, text, jsonb);
"""
STAMPS = ("version", "created_at", "updated_at")
MACHINERY = ("probes", "next_probe_at", "failing_since", "catchup_rate", "catchup_next_at")
TABLES = (
    Captured(
        table="security_user",
        masked=("password",),
        personal=("username", "email"),
        subject="user",
        ignored=("last_login", "created_at", "updated_at"),
    ),
    Captured(table="security_apikey", masked=("secret_hash",), ignored=("last_used_at", "created_at", "updated_at")),
    Captured(table="security_signingkey", masked=("material",), ignored=("created_at", "updated_at")),
    Captured(table="security_trustpolicy", ignored=("created_at", "updated_at")),
    Captured(table="security_role", ignored=STAMPS),
    Captured(table="security_factor", ignored=("counter", "last_used_at", "created_at")),
    Captured(table="security_identitypolicy", ignored=STAMPS),
    Captured(table="security_externalidentity", masked=("subject",), ignored=("seen_at",)),
    Captured(table="security_breakglass"),
    Captured(table="catalog_product", ignored=STAMPS),
    Captured(table="catalog_producttranslation"),
    Captured(table="catalog_variant"),
    Captured(table="catalog_price"),
    Captured(
        table="catalog_stocklevel",
        ignored=STAMPS,
        columns=("on_hand", "low_stock_threshold"),
        unless="NEW.on_hand <> OLD.on_hand AND NEW.on_hand - OLD.on_hand = NEW.reserved - OLD.reserved",
    ),
    Captured(
        table="customers_customer",
        personal=("name", "email", "phone", "external_id", "attributes"),
        subject="customer",
        ignored=STAMPS,
    ),
    Captured(
        table="webhooks_endpoint",
        masked=("sealed_secret", "previous_sealed_secret"),
        ignored=(*MACHINERY, *STAMPS),
    ),
    Captured(table="flags_flag", ignored=("version", "created", "modified")),
    Captured(table="flags_shoptargeting", ignored=("version", "changed_at")),
    Captured(table="flags_audience", masked=("members",), ignored=("version", "changed_at")),
    Captured(table="tenants_tenant", ignored=STAMPS),
    Captured(table="tenants_domain", ignored=STAMPS),
)


class Migration(migrations.Migration):
    dependencies = [
        ("security", "0008_roles"),
        ("catalog", "0001_initial"),
        ("customers", "0001_initial"),
        ("flags", "0001_initial"),
        ("tenants", "0001_initial"),
        ("webhooks", "0003_replay_times"),
    ]
    operations = [
        migrations.CreateModel(
            name="SubjectKey",
            fields=[
                (
                    "id",
                    models.UUIDField(default=rustok.db.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("subject", models.CharField(editable=False, max_length=200, unique=True, verbose_name="person")),
                ("key", models.BinaryField(null=True)),
                ("created_at", models.DateTimeField(editable=False, verbose_name="created")),
                ("shredded_at", models.DateTimeField(editable=False, null=True, verbose_name="shredded")),
            ],
            options={
                "verbose_name": "subject key",
                "verbose_name_plural": "subject keys",
                "ordering": ("-id",),
            },
        ),
        migrations.AddField(
            model_name="auditchain",
            name="pruned",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                condition=models.Q(("number__isnull", False)),
                fields=["action", "-id"],
                name="security_audit_action_ix",
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                condition=models.Q(("number__isnull", False), models.Q(("trace_id", ""), _negated=True)),
                fields=["trace_id"],
                name="security_audit_trace_ix",
            ),
        ),
        migrations.RunSQL(CAPTURE, migrations.RunSQL.noop),
        migrations.RunSQL(REFUSE, migrations.RunSQL.noop),
        migrations.RunSQL(WORDS, NO_WORDS),
        *(under_capture(table) for table in TABLES),
    ]
