"""Reads of this app for other apps."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.security.models import ApiKey, AuditEntry, User
from rustok.errors.families import NotFound


def find_user(*, username: str) -> User | None:
    """The user with this name in the current scope, whatever its case."""
    return User.objects.filter(username__iexact=username).first()


def api_keys() -> QuerySet[ApiKey]:
    """The keys of the current scope that were not revoked, newest first."""
    return ApiKey.objects.filter(revoked_at=None).order_by("-id")


def get_api_key(*, key_id: UUID) -> ApiKey:
    """One key that was not revoked; raises NotFound."""
    key = api_keys().filter(pk=key_id).first()
    if key is None:
        raise NotFound(resource=str(_("API key")))
    return key


def audit_entries() -> QuerySet[AuditEntry]:
    """The audit log of the current scope, newest first."""
    return AuditEntry.objects.order_by("-id")
