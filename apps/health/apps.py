"""Registration of the app: finds the `checks.py` of every installed app."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class HealthConfig(AppConfig):
    """Health; its one table lives in the shared schema."""

    name = "apps.health"
    label = "health"
    verbose_name = _("Health")

    def ready(self) -> None:
        """Let each app register its checks, and `check --deploy` its rules."""
        autodiscover_modules("checks")
        import_module("apps.health.deployment")
