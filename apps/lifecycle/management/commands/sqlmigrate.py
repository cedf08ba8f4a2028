"""`sqlmigrate` of Django, on the shared schema."""

from django.core.management.commands import sqlmigrate

from apps.lifecycle.management.scoped import OnSharedSchema


class Command(OnSharedSchema, sqlmigrate.Command):
    """As Django's, in the platform scope."""
