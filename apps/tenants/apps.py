"""Registration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from rustok.db.attribution import Captured, capture


class TenantsConfig(AppConfig):
    """The tenants app; its tables live in the shared schema."""

    name = "apps.tenants"
    label = "tenants"
    verbose_name = _("Tenants")

    def ready(self) -> None:
        """Put its tables under capture."""
        stamps = ("version", "created_at", "updated_at")
        capture(Captured(table="tenants_tenant", ignored=stamps), Captured(table="tenants_domain", ignored=stamps))
