"""Loading the console: every app's `admin.py`."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ConsoleConfig(AppConfig):
    """No tables: pages, pictures, templates."""

    name = "apps.console"
    label = "console"

    def ready(self) -> None:
        """Register the pages of all apps on the two sites (Django's own site stays unused)."""
        autodiscover_modules("admin")
