"""Letters that wait for another try are found without reading those that do not: every turn asks."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0004_snapshots")]

    operations = [
        migrations.AddIndex(
            model_name="deadletter",
            index=models.Index(
                fields=["subscription", "partition"],
                condition=models.Q(redrive=True),
                name="events_dead_letter_redrive_ix",
            ),
        ),
    ]
