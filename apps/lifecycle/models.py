"""What lifecycle work remembers: SQL templates of migrated schemas."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity


class SchemaTemplate(Entity):
    """A migrated tenant schema as SQL, kept under the fingerprint of the migrations that made it."""

    fingerprint = models.CharField(_("fingerprint"), max_length=64, unique=True)
    sql = models.TextField(_("SQL"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        """Machine bookkeeping; nothing that people edit."""

        verbose_name = _("schema template")
        verbose_name_plural = _("schema templates")

    def __str__(self) -> str:
        return self.fingerprint[:12]
