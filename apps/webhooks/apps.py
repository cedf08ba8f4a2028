"""Application configuration."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    """Endpoints and the delivery log live in every tenant's schema."""

    name = "apps.webhooks"
    label = "webhooks"
    verbose_name = _("Webhooks")

    def ready(self) -> None:
        """Offer the transport to the relay."""
        transports = import_module("apps.events.transports")
        webhook = import_module("apps.webhooks.transport")
        names = import_module("apps.webhooks.names")
        transports.register_transport(names.TRANSPORT, webhook.WebhookTransport)
