from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("health", "0002_history")]

    operations = [migrations.AddField("incident", "told", models.JSONField(default=dict))]
