"""Which account a customer signs in with: what makes rows the customer's own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="account",
            field=models.CharField(blank=True, max_length=128, null=True, verbose_name="account"),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(fields=("account",), name="customer_account"),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("account", ""), _negated=True), name="customer_account_given"
            ),
        ),
    ]
