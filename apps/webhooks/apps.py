"""Application configuration."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from rustok.db.attribution import Captured, capture
from rustok.db.resealing import SealedColumn, sealed


class WebhooksConfig(AppConfig):
    """Endpoints and the delivery log live in every tenant's schema."""

    name = "apps.webhooks"
    label = "webhooks"
    verbose_name = _("Webhooks")

    def ready(self) -> None:
        """Offer the transports to the relay; name what is sealed; put the endpoints under capture."""
        transports = import_module("apps.events.transports")
        webhook = import_module("apps.webhooks.transport")
        names = import_module("apps.webhooks.names")
        replaying = import_module("apps.webhooks.replaying")
        transports.register_transport(names.TRANSPORT, webhook.WebhookTransport)
        transports.register_transport(names.REPLAYS, replaying.ReplayTransport)
        purpose = import_module("apps.webhooks.sealing").PURPOSE
        sealed(
            SealedColumn("webhooks.WebhookEndpoint", "sealed_secret", purpose),
            SealedColumn("webhooks.WebhookEndpoint", "previous_sealed_secret", purpose),
        )
        machinery = ("probes", "next_probe_at", "failing_since", "catchup_rate", "catchup_next_at")
        capture(
            Captured(
                table="webhooks_endpoint",
                masked=("sealed_secret", "previous_sealed_secret"),
                ignored=(*machinery, "version", "created_at", "updated_at"),
            )
        )
