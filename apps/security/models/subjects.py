"""Keys of people whose data stands in audit entries. A shredded one stays as an empty row: no second key is made."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity


class SubjectKey(Entity):
    """The key of one person, `<kind>:<id>`, sealed under the platform's secret key; None once it is shredded."""

    subject = models.CharField(_("person"), max_length=200, unique=True, editable=False)
    key = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)
    shredded_at = models.DateTimeField(_("shredded"), null=True, editable=False)

    class Meta:
        """Newest first."""

        verbose_name = _("subject key")
        verbose_name_plural = _("subject keys")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.subject
