"""Entries may be sealed, and only that; changes of people and keys are captured whoever makes them."""

from django.db import migrations

from apps.security.chain.capture import FUNCTION, audited

REFUSE = """
CREATE OR REPLACE FUNCTION security_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.number IS NULL AND NEW.number IS NOT NULL AND NEW.hash IS NOT NULL
       AND to_jsonb(NEW) - '{number,hash}'::text[] = to_jsonb(OLD) - '{number,hash}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit entries cannot be changed or removed' USING ERRCODE = 'insufficient_privilege';
END
$$
"""
REFUSE_ALL = """
CREATE OR REPLACE FUNCTION security_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit entries cannot be changed or removed' USING ERRCODE = 'insufficient_privilege';
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("security", "0003_audit_chain"),
        ("operations", "0004_auditwakeup"),
        ("tenants", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(REFUSE, REFUSE_ALL),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION security_audit_capture()"),
        audited("security_user", hidden=("username", "email", "password"), ignored=("last_login", "updated_at")),
        audited("security_apikey", hidden=("secret_hash",), ignored=("last_used_at",)),
    ]
