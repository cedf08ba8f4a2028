"""The proof that workers work: one row per worker, renewed by a task that travelled through the broker."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity


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
