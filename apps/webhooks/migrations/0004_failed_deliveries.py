"""Refused attempts are few among many: who asks for them reads no others. Only an attempt that failed pays for it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0003_replay_times")]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["-id"], condition=models.Q(succeeded=False), name="webhooks_delivery_failed_ix"),
        ),
    ]
