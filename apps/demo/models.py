"""What the demo receiver remembers: its subscriptions (one per shop) and the events that arrived.

The receiver plays the part of another company's server: it knows a shop's slug and the secret that was agreed for its
webhook (`apps.demo.subscribing.secret_for`), nothing else of the platform's data.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity


class Subscription(Entity):
    """One shop whose events the receiver takes. `refused` counts requests without a valid signature.

    `loaded` says what the demo has put into the shop, once it is complete.
    """

    slug = models.CharField(_("slug"), max_length=63, unique=True)
    name = models.CharField(_("name"), max_length=200)
    refused = models.PositiveBigIntegerField(_("refused requests"), default=0)
    refused_at = models.DateTimeField(_("last refusal"), null=True, blank=True)
    loaded = models.JSONField(_("loaded data"), default=dict)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        """One row per shop."""

        verbose_name = _("receiver subscription")
        verbose_name_plural = _("receiver subscriptions")
        ordering = ["slug"]

    def __str__(self) -> str:
        """The shop."""
        return self.slug


class Arrival(Entity):
    """One event that arrived with a valid signature. A repeated delivery adds to `deliveries` and changes nothing else.

    `version` is the event's place in its stream, `position` its place in the shop's log; both empty for a test send.
    `in_order`: no later event of the same stream had arrived before.
    """

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="arrivals")
    event_id = models.CharField(_("event"), max_length=64)
    type = models.CharField(_("type"), max_length=200)
    stream = models.CharField(_("stream"), max_length=200, blank=True)
    version = models.BigIntegerField(_("version"), null=True)
    position = models.BigIntegerField(_("position"), null=True)
    occurred_at = models.DateTimeField(_("happened at"))
    arrived_at = models.DateTimeField(_("arrived at"))
    deliveries = models.PositiveIntegerField(_("deliveries"), default=1)
    in_order = models.BooleanField(_("in order"))

    class Meta:
        """An event counts once; the second index answers whether a later event of the stream came first."""

        verbose_name = _("arrival")
        verbose_name_plural = _("arrivals")
        constraints = [models.UniqueConstraint(name="demo_arrival_once", fields=["subscription", "event_id"])]
        indexes = [
            models.Index(name="demo_arrival_stream", fields=["subscription", "stream", "version"]),
            models.Index(name="demo_arrival_latest", fields=["subscription", "arrived_at"]),
        ]

    def __str__(self) -> str:
        """What arrived."""
        return f"{self.type} {self.event_id}"
