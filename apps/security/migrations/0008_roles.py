"""Roles as rows. Built-in ones keep following the code until somebody changes them (their grants are NULL)."""

import django.contrib.postgres.fields
from django.db import migrations, models

import rustok.db.ids
from apps.security.roles import PLATFORM_ROLES, TENANT_ROLES
from rustok.context import current


def seed(apps, schema_editor):
    """The built-in roles of this side, for the people who are there already. New shops get them with their owner."""
    if not apps.get_model("security", "User").objects.using(schema_editor.connection.alias).exists():
        return
    role = apps.get_model("security", "Role")
    here = PLATFORM_ROLES if current().tenant is None else TENANT_ROLES
    role.objects.using(schema_editor.connection.alias).bulk_create([role(slug=slug, is_system=True) for slug in here])


class Migration(migrations.Migration):
    dependencies = [
        ("security", "0007_identity"),
    ]

    operations = [
        migrations.CreateModel(
            name="Role",
            fields=[
                (
                    "id",
                    models.UUIDField(default=rustok.db.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("slug", models.CharField(editable=False, max_length=32, unique=True, verbose_name="role")),
                ("name", models.CharField(blank=True, max_length=100, verbose_name="name")),
                ("is_system", models.BooleanField(default=False, editable=False, verbose_name="built in")),
                (
                    "grants",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100),
                        editable=False,
                        null=True,
                        size=None,
                        verbose_name="grants",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
            ],
            options={
                "verbose_name": "role",
                "verbose_name_plural": "roles",
                "ordering": ("slug",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("slug", ""), _negated=True), name="security_role_slug_given"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_system", True), ("grants__isnull", False), _connector="OR"),
                        name="security_role_grants_given",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("slug__in", ["operator", "owner"]), _negated=True),
                            ("grants__isnull", True),
                            _connector="OR",
                        ),
                        name="security_role_fixed",
                    ),
                ],
            },
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="user", name="security_user_role_known"),
        migrations.AlterField(
            model_name="user",
            name="role",
            field=models.CharField(default="viewer", max_length=32, verbose_name="role"),
        ),
    ]
