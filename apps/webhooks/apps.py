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
        """Offer the transports to the relay."""
        transports = import_module("apps.events.transports")
        webhook = import_module("apps.webhooks.transport")
        names = import_module("apps.webhooks.names")
        replaying = import_module("apps.webhooks.replaying")
        transports.register_transport(names.TRANSPORT, webhook.WebhookTransport)
        transports.register_transport(names.REPLAYS, replaying.ReplayTransport)
