"""Django's own migration commands, made to work on the shared schema: they open no scope themselves."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apps.tenants.isolation import platform_scope


class OnSharedSchema(BaseCommand):
    """Mixin before a command class: run it in the platform scope. Tenants are migrated by `fleet migrate`."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command."""
        with platform_scope("management command on the shared schema"):
            return super().execute(*args, **options)
