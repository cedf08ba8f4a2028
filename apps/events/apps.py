"""Application configuration."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    """The log lives in every tenant's schema and, for the platform's own facts, in the public one."""

    name = "apps.events"
    label = "events"
    verbose_name = _("Events")

    def ready(self) -> None:
        """Let facts, subscribers, aggregates, transports and the relay's task register, in the web process too."""
        autodiscover_modules("events", "handlers", "aggregates")
        transports = import_module("apps.events.transports")
        subscribers = import_module("apps.events.transports.subscribers")
        transports.register_transport(subscribers.NAME, subscribers.SubscriberTransport)
        relaying = import_module("apps.events.transports.relaying")
        transports.register_transport(relaying.NAME, relaying.BrokerTransport)
        feeding = import_module("apps.events.projections.feeding")
        transports.register_transport("projection", feeding.ProjectionTransport)
        import_module("apps.events.tasks")
