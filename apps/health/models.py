"""The proof that workers work, and what checks saw: by the minute for a day, by the hour for a month (ADR 0031)."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity
from rustok.health import Reason

BY_MINUTE: Final = 1
BY_HOUR: Final = 60
STATUS_LABELS: Final = {"pass": _("passes"), "warn": _("warns"), "fail": _("fails")}


class Heartbeat(Entity):
    """The last time a worker finished a task."""

    worker = models.CharField(_("worker"), max_length=200, unique=True)
    beat_at = models.DateTimeField(_("last beat"))

    class Meta:
        """Newest first."""

        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")
        ordering = ("-beat_at",)

    def __str__(self) -> str:
        return self.worker


class Sample(Entity):
    """One check in one stretch of time: how many seconds it passed, warned and failed, and how long answers took.

    `width` is in minutes, `at` its beginning. `took_ms` is the average, `worst_ms` the slowest answer; `value` the
    highest number that the check saw.
    """

    check_name = models.CharField(max_length=60)
    width = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    passed = models.PositiveIntegerField()
    warned = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    took_ms = models.FloatField()
    worst_ms = models.FloatField()
    value = models.FloatField(null=True)

    class Meta:
        """Written by one process of the installation at a time; a stretch is there once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["width", "at", "check_name"], name="health_sample_once"),
        ]


class Incident(Entity):
    """A stretch in which a check did not simply pass, with the worst of it; `ended_at` is empty while it lasts.

    `told` is the reason as a template and its facts (`rustok.health.Reason`).
    """

    check_name = models.CharField(_("check"), max_length=60)
    status = models.CharField(_("status"), max_length=4, choices=list(STATUS_LABELS.items()))
    reason = models.CharField(_("reason"), max_length=300)
    told = models.JSONField(default=dict)
    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("to"), null=True)

    class Meta:
        """Newest first; at most one of a check is open."""

        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ("-began_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["check_name"], condition=Q(ended_at__isnull=True), name="health_incident_one_open"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["check_name", "-began_at"], name="health_incident_of_check")]

    def __str__(self) -> str:
        return f"{self.check_name}: {self.status}"

    @property
    def explanation(self) -> str:
        """The reason in the reader's language; `reason` is in English, and all that older rows have."""
        return str(Reason.unpacked(self.told)) or self.reason
