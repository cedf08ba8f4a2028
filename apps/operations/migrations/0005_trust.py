"""Nonces, rate-limit buckets and owners of credentials; the function that charges buckets."""

from django.db import migrations, models

TAKE = """
ALTER TABLE operations_nonce SET UNLOGGED;
ALTER TABLE operations_ratebucket SET UNLOGGED;
CREATE FUNCTION public.operations_take(
    keys text[], costs bigint[], depths bigint[], given bigint,
    OUT refused integer, OUT arrivals bigint[], OUT moment bigint
) LANGUAGE plpgsql AS $$
DECLARE
    stored bigint;
BEGIN
    INSERT INTO public.operations_ratebucket (key, arrival)
        SELECT wanted, 0 FROM unnest(keys) wanted ORDER BY wanted ON CONFLICT (key) DO NOTHING;
    PERFORM 1 FROM public.operations_ratebucket WHERE key = ANY (keys) ORDER BY key FOR UPDATE;
    moment := coalesce(given, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
    refused := -1;
    arrivals := '{}';
    FOR i IN 1 .. cardinality(keys) LOOP
        SELECT arrival INTO stored FROM public.operations_ratebucket WHERE key = keys[i];
        arrivals[i] := greatest(coalesce(stored, 0), moment);
        IF refused = -1 AND arrivals[i] + costs[i] - moment > depths[i] THEN
            refused := i - 1;
        END IF;
    END LOOP;
    IF refused = -1 THEN
        FOR i IN 1 .. cardinality(keys) LOOP
            arrivals[i] := arrivals[i] + costs[i];
        END LOOP;
        INSERT INTO public.operations_ratebucket (key, arrival)
            SELECT taken.key, taken.arrival FROM unnest(keys, arrivals) taken (key, arrival) ORDER BY taken.key
            ON CONFLICT (key) DO UPDATE SET arrival = excluded.arrival;
    END IF;
END
$$;
"""
DROP = "DROP FUNCTION public.operations_take(text[], bigint[], bigint[], bigint)"


class Migration(migrations.Migration):
    dependencies = [("operations", "0004_auditwakeup")]

    operations = [
        migrations.CreateModel(
            name="Nonce",
            fields=[
                ("digest", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("expires_at", models.DateTimeField(db_index=True, editable=False)),
            ],
        ),
        migrations.CreateModel(
            name="RateBucket",
            fields=[
                ("key", models.CharField(editable=False, max_length=200, primary_key=True, serialize=False)),
                ("arrival", models.BigIntegerField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name="CredentialOwner",
            fields=[
                ("handle", models.CharField(editable=False, max_length=40, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
            ],
        ),
        migrations.RunSQL(TAKE, DROP),
    ]
