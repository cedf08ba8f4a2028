"""`migrate` of Django, on the shared schema."""

from django.core.management.commands import migrate

from apps.lifecycle.management.scoped import OnSharedSchema


class Command(OnSharedSchema, migrate.Command):
    """As Django's, in the platform scope."""
