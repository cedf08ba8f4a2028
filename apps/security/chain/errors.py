"""What looking after audit logs refuses, 54xx."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors import SystemFault


class AuditNotWhole(SystemFault):
    """Entries that should be moved away are not as their checkpoint says: nothing was moved, look at them first."""

    code = 5410
    title = _("Audit log not whole")
    message = _("The audit log is not whole: %(defect)s. Nothing was moved.")
