"""Registration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    """The payments app; tables live in every tenant's schema."""

    name = "apps.payments"
    label = "payments"
    verbose_name = _("Payments")
