"""States of aggregates kept beside the log."""

import django.db.models.functions.datetime
from django.db import migrations, models

import rustok.db.ids


class Migration(migrations.Migration):
    dependencies = [("events", "0003_redrive_rate")]

    operations = [
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                (
                    "id",
                    models.UUIDField(default=rustok.db.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("stream", models.CharField(max_length=200, unique=True)),
                ("version", models.IntegerField()),
                ("position", models.BigIntegerField(null=True)),
                ("schema_hash", models.CharField(max_length=64)),
                ("state", models.JSONField()),
                ("taken_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"db_table": "events_snapshot"},
        ),
    ]
