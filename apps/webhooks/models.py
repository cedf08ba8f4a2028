"""Endpoints, the log of deliveries to them, and replays. Tenant schema only.

New columns have database defaults: code of the release before goes on inserting while a roll-out lasts.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.webhooks.states import ENDPOINT, EndpointStatus, OrderKey
from rustok.db.ids import Entity


class WebhookEndpoint(Entity):
    """A receiver of this tenant's events. Secrets are sealed at rest and shown once.

    `failing_since`: the first failure after the last success. `catchup_rate`: events per second while a receiver that
    was away is being brought up to date; None for no limit.
    """

    url = models.CharField(_("address"), max_length=2000)
    description = models.CharField(_("description"), max_length=200, blank=True)
    event_types = ArrayField(models.CharField(max_length=120), verbose_name=_("events"))
    sealed_secret = models.BinaryField(editable=False)
    status = models.CharField(_("status"), max_length=10, choices=EndpointStatus.choices, default=EndpointStatus.ACTIVE)
    status_reason = models.CharField(_("reason"), max_length=200, blank=True)
    order_key = models.CharField(
        _("delivery order"),
        max_length=10,
        choices=OrderKey.choices,
        default=OrderKey.STREAM,
        db_default=OrderKey.STREAM,
    )
    timeout_seconds = models.PositiveSmallIntegerField(_("time limit, seconds"), null=True)
    previous_sealed_secret = models.BinaryField(null=True, editable=False)
    previous_secret_until = models.DateTimeField(null=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    probes = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    next_probe_at = models.DateTimeField(null=True, editable=False)
    catchup_rate = models.PositiveIntegerField(null=True, editable=False)
    catchup_next_at = models.DateTimeField(null=True, editable=False)
    subscription_id = models.UUIDField(editable=False)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        """Few rows per tenant."""

        db_table = "webhooks_endpoint"
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(status__in=ENDPOINT.states), name="webhooks_endpoint_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(order_key__in=OrderKey.values), name="webhooks_endpoint_order_key_known"
            ),
        ]

    def __str__(self) -> str:
        return self.url

    def move_to(self, status: str, *, reason: str = "") -> None:
        """Change the status; raises IllegalTransition. The caller holds the row lock."""
        ENDPOINT.check(self.status, status)
        self.status, self.status_reason = status, reason
        self.touch("status", "status_reason")

    def touch(self, *fields: str) -> None:
        """Store changed fields under a new version."""
        self.version += 1
        self.save(update_fields=[*fields, "version", "updated_at"])


class Delivery(Entity):
    """One attempt to hand one event to one endpoint. Written by the transport, never changed."""

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("endpoint")
    )
    event_id = models.UUIDField(_("event"))
    event_type = models.CharField(_("event type"), max_length=130)
    position = models.BigIntegerField(_("position"))
    stream = models.CharField(_("stream"), max_length=200)
    succeeded = models.BooleanField(_("delivered"))
    status_code = models.SmallIntegerField(_("status code"), null=True)
    duration_ms = models.IntegerField(_("duration, ms"))
    error = models.CharField(_("error"), max_length=300, blank=True)
    response_excerpt = models.CharField(_("answer"), max_length=500, blank=True)
    attempted_at = models.DateTimeField(_("attempted"), db_default=Now())

    class Meta:
        """Ids are time ordered; lists go by endpoint, by event, or through those that failed."""

        db_table = "webhooks_delivery"
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["endpoint", "-id"], name="webhooks_delivery_endpoint_ix"),
            models.Index(fields=["event_id"], name="webhooks_delivery_event_ix"),
            models.Index(fields=["-id"], condition=models.Q(succeeded=False), name="webhooks_delivery_failed_ix"),
        ]


class Replay(Entity):
    """A part of the log that one endpoint gets again, beside what is new: positions after `after` up to `until`."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="replays")
    subscription_id = models.UUIDField(unique=True, editable=False)
    after = models.BigIntegerField(_("after position"))
    until = models.BigIntegerField(_("until position"))
    since = models.DateTimeField(_("recorded since"), null=True)
    before = models.DateTimeField(_("recorded before"), null=True)
    event_types = ArrayField(models.CharField(max_length=120), verbose_name=_("events"))
    events = models.IntegerField(_("events"))
    started_at = models.DateTimeField(_("started"), db_default=Now())
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        """One row per replay; the finished ones go with the delivery log."""

        db_table = "webhooks_replay"
        ordering: ClassVar = ["-id"]
