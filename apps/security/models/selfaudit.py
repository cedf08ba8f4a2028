"""Runs of the self-audit. Rows in the shared schema only."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity


class SelfAuditRun(Entity):
    """One look at the running site. `findings` are `{code, severity, seen}` and, from Django's checks, texts."""

    started_at = models.DateTimeField(_("started"), editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)
    score = models.PositiveSmallIntegerField(_("score"), null=True, editable=False)
    findings = models.JSONField(_("findings"), default=list, editable=False)
    passed = models.JSONField(_("passed"), default=list, editable=False)
    asked_by = models.CharField(_("asked by"), max_length=200, editable=False)

    class Meta:
        """Newest first."""

        verbose_name = _("self-audit")
        verbose_name_plural = _("self-audits")
        ordering = ("-id",)

    def __str__(self) -> str:
        return "…" if self.score is None else f"{self.score} / 100"
