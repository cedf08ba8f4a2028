"""What can go wrong in a tenant's life (51xx)."""

from django.utils.translation import gettext_lazy as _

from rustok.errors.base import Kind
from rustok.errors.families import SystemFault


class FleetBusy(SystemFault):
    """Another fleet migration is running."""

    code = 5101
    kind = Kind.CONFLICT
    retryable = True
    title = _("Fleet busy")
    message = _("Another fleet migration is running.")


class FleetMigrationFailed(SystemFault):
    """A schema could not be migrated; those before it are done, those after it untouched."""

    code = 5102
    title = _("Fleet migration failed")
    message = _("Schema %(schema)s could not be migrated: %(reason)s")
