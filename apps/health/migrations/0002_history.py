from django.db import migrations, models

import rustok.db.ids


class Migration(migrations.Migration):
    dependencies = [("health", "0001_heartbeat")]

    operations = [
        migrations.CreateModel(
            name="Sample",
            fields=[
                (
                    "id",
                    models.UUIDField(default=rustok.db.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("check_name", models.CharField(max_length=60)),
                ("width", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                ("passed", models.PositiveIntegerField()),
                ("warned", models.PositiveIntegerField()),
                ("failed", models.PositiveIntegerField()),
                ("took_ms", models.FloatField()),
                ("worst_ms", models.FloatField()),
                ("value", models.FloatField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("width", "at", "check_name"), name="health_sample_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.UUIDField(default=rustok.db.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("check_name", models.CharField(max_length=60, verbose_name="check")),
                (
                    "status",
                    models.CharField(
                        choices=[("pass", "passes"), ("warn", "warns"), ("fail", "fails")],
                        max_length=4,
                        verbose_name="status",
                    ),
                ),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("began_at", models.DateTimeField(verbose_name="from")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="to")),
            ],
            options={
                "verbose_name": "incident",
                "verbose_name_plural": "incidents",
                "ordering": ("-began_at",),
                "indexes": [models.Index(fields=["check_name", "-began_at"], name="health_incident_of_check")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("check_name",),
                        name="health_incident_one_open",
                    ),
                ],
            },
        ),
    ]
