"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightsConfig(AppConfig):
    """Tables in every tenant's schema, written by the relay only."""

    name = "apps.insights"
    label = "insights"
    verbose_name = _("Insights")
