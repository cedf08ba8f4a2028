"""`makemigrations` of Django, on the shared schema."""

from django.core.management.commands import makemigrations

from apps.lifecycle.management.scoped import OnSharedSchema


class Command(OnSharedSchema, makemigrations.Command):
    """As Django's, in the platform scope."""
