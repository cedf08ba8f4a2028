"""Overrides of modes and breakers; the records of breakers."""

from django.db import migrations, models

import rustok.db.ids


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0005_trust"),
    ]

    operations = [
        migrations.CreateModel(
            name="BreakerRow",
            fields=[
                ("key", models.CharField(editable=False, max_length=300, primary_key=True, serialize=False)),
                ("record", models.BinaryField()),
            ],
            options={
                "db_table": "operations_breaker",
            },
        ),
        migrations.CreateModel(
            name="Override",
            fields=[
                (
                    "id",
                    models.UUIDField(default=rustok.db.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(max_length=10, verbose_name="kind")),
                ("name", models.CharField(max_length=300, verbose_name="name")),
                ("value", models.CharField(max_length=20, verbose_name="value")),
                ("until", models.DateTimeField(verbose_name="until")),
                ("lifted_at", models.DateTimeField(null=True, verbose_name="lifted")),
                ("decided_by", models.CharField(max_length=200, verbose_name="decided by")),
                ("reason", models.CharField(max_length=255, verbose_name="reason")),
                ("decided_at", models.DateTimeField(verbose_name="decided")),
            ],
            options={
                "verbose_name": "override",
                "verbose_name_plural": "overrides",
                "db_table": "operations_override",
                "ordering": ("-decided_at",),
                "indexes": [models.Index(fields=["kind", "name", "-decided_at"], name="operations_override_ix")],
            },
        ),
    ]
