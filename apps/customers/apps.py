"""Registration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from rustok.db.attribution import Captured, capture


class CustomersConfig(AppConfig):
    """The customers app; tables live in every tenant's schema."""

    name = "apps.customers"
    label = "customers"
    verbose_name = _("Customers")

    def ready(self) -> None:
        """Put its tables under capture."""
        capture(
            Captured(
                table="customers_customer",
                personal=("name", "email", "phone", "external_id", "attributes"),
                subject="customer",
                ignored=("version", "created_at", "updated_at"),
            )
        )
