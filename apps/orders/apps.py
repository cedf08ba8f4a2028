"""Registration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    """The orders app; tables live in every tenant's schema."""

    name = "apps.orders"
    label = "orders"
    verbose_name = _("Orders")
