"""What every page says about itself: whose console this is, and on which host."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.operations.queries import mode_now
from rustok import context
from rustok.resilience.degradation import Mode


def scope(request: HttpRequest) -> dict[str, Any]:
    """The facts of the scope banner. Costs no query: the tenant is in the context already."""
    here = context.current()
    tenant = here.tenant
    return {
        "scope": {
            "platform": tenant is None,
            "name": tenant.name if tenant is not None else _("Platform"),
            "slug": tenant.slug if tenant is not None else "",
            "host": request.get_host().partition(":")[0],
            "mode": mode_now().word if mode_now() is not Mode.FULL else "",
            "suspended": tenant is not None and tenant.status == "suspended",
        }
    }
