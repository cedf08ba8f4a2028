"""TRUNCATE fires no row triggers: it is refused for the audit log, and leaves an entry where a table is under capture."""

from django.db import migrations

from apps.security.chain.capture import TRUNCATED, truncation_noted

REFUSE = """
CREATE TRIGGER security_audit_no_truncate BEFORE TRUNCATE ON security_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION security_audit_refuse()
"""
TABLES = (
    "security_user", "security_apikey", "security_signingkey", "security_trustpolicy", "security_role",
    "security_factor", "security_identitypolicy", "security_externalidentity", "security_breakglass",
    "catalog_product", "catalog_producttranslation", "catalog_variant", "catalog_price", "catalog_stocklevel",
    "customers_customer", "webhooks_endpoint", "flags_flag", "flags_shoptargeting", "flags_audience",
    "tenants_tenant", "tenants_domain",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("security", "0011_audit_capture_plan")]
    operations = [
        migrations.RunSQL(REFUSE, "DROP TRIGGER security_audit_no_truncate ON security_auditentry"),
        migrations.RunSQL(TRUNCATED, "DROP FUNCTION security_audit_truncated()"),
        *(truncation_noted(table) for table in TABLES),
    ]
