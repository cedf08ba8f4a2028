"""Reads of this room."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.models import SigningKey, TrustPolicy
from rustok.errors.families import NotFound


def signing_keys() -> QuerySet[SigningKey]:
    """The keys of the current scope that are in force, newest first."""
    lively = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return SigningKey.objects.filter(lively, revoked_at=None).order_by("-id")


def get_signing_key(*, key_id: UUID, lock: bool = False) -> SigningKey:
    """One key that was not revoked, expired ones too; raises NotFound."""
    rows = SigningKey.objects.select_for_update() if lock else SigningKey.objects
    key = rows.filter(pk=key_id, revoked_at=None).first()
    if key is None:
        raise NotFound(resource=str(_("signing key")))
    return key


def trust_policy() -> TrustPolicy:
    """The policy of the current scope; the unsaved defaults where none was set."""
    return TrustPolicy.objects.first() or TrustPolicy()
