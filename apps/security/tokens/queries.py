"""Reads of this room."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.models import TokenFamily
from rustok.errors.families import NotFound


def token_families() -> QuerySet[TokenFamily]:
    """The families of the current scope that are good, newest first."""
    return TokenFamily.objects.filter(revoked_at=None, expires_at__gt=timezone.now()).order_by("-id")


def get_token_family(*, family_id: UUID) -> TokenFamily:
    """One family that is good; raises NotFound."""
    family = token_families().filter(pk=family_id).first()
    if family is None:
        raise NotFound(resource=str(_("service token")))
    return family
