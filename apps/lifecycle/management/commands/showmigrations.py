"""`showmigrations` of Django, on the shared schema."""

from django.core.management.commands import showmigrations

from apps.lifecycle.management.scoped import OnSharedSchema


class Command(OnSharedSchema, showmigrations.Command):
    """As Django's, in the platform scope."""
