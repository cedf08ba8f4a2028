"""Application configuration."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from rustok.db.attribution import Captured, capture


class WaffleConfig(AppConfig):
    """Waffle's models, without its signals: they want users and groups on the flag, and flush a cache we do not use."""

    name = "waffle"
    default_auto_field = "django.db.models.AutoField"  # as waffle's migrations have it


class FlagsConfig(AppConfig):
    """Flags live in the shared schema: one version tells every process whether anything has changed."""

    default = True
    name = "apps.flags"
    label = "flags"
    verbose_name = _("Feature flags")

    def ready(self) -> None:
        """Let every app declare its flags; put what people set under capture."""
        autodiscover_modules("flags")
        capture(
            Captured(table="flags_flag", ignored=("version", "created", "modified")),
            Captured(table="flags_shoptargeting", ignored=("version", "changed_at")),
            Captured(table="flags_audience", masked=("members",), ignored=("version", "changed_at")),
        )
