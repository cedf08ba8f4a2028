"""Registration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LifecycleConfig(AppConfig):
    """The lifecycle app; its tables live in the shared schema."""

    name = "apps.lifecycle"
    label = "lifecycle"
    verbose_name = _("Tenant lifecycle")
