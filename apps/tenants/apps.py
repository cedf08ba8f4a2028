"""Registration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TenantsConfig(AppConfig):
    """The tenants app; its tables live in the shared schema."""

    name = "apps.tenants"
    label = "tenants"
    verbose_name = _("Tenants")
