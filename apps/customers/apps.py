"""Registration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    """The customers app; tables live in every tenant's schema."""

    name = "apps.customers"
    label = "customers"
    verbose_name = _("Customers")
