"""Reads of this app for other apps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.security.models import ApiKey, AuditEntry, User
from rustok.errors.families import NotFound

_IDENTITY: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


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


def api_key_by_prefix(*, prefix: str) -> ApiKey:
    """One key that was not revoked, by its public part; raises NotFound."""
    key = api_keys().filter(prefix=prefix).first()
    if key is None:
        raise NotFound(resource=str(_("API key")))
    return key


def audit_entries() -> QuerySet[AuditEntry]:
    """The audit log of the current scope, newest first."""
    return AuditEntry.objects.order_by("-id")


def audit_of(*, trace_ids: Sequence[str], targets: Sequence[str], limit: int) -> list[AuditEntry]:
    """What was done inside these traces or to these things, newest first. Three ranges of indexes."""
    inside = Q(trace_id__in=list(trace_ids))
    numbered = AuditEntry.objects.filter(inside, number__isnull=False).exclude(trace_id="")
    loose = AuditEntry.objects.filter(inside, number__isnull=True)
    touched = AuditEntry.objects.filter(target__in=list(targets))
    parts = ([numbered, loose] if trace_ids else []) + [touched]
    found = {entry.pk: entry for part in parts for entry in part.order_by("-id")[:limit]}
    return sorted(found.values(), key=lambda entry: entry.pk, reverse=True)[:limit]


def actor_labels(references: Iterable[str]) -> dict[str, str]:
    """Names for `user:<id>` and `api_key:<id>`, as far as they still exist. At most two statements."""
    ids: dict[str, set[UUID]] = {"user": set(), "api_key": set()}
    for reference in references:
        kind, _colon, identity = reference.partition(":")
        if kind in ids and _IDENTITY.fullmatch(identity):
            ids[kind].add(UUID(identity))
    users = User.objects.filter(pk__in=ids["user"]).values_list("pk", "username") if ids["user"] else ()
    keys = ApiKey.objects.filter(pk__in=ids["api_key"]).values_list("pk", "name") if ids["api_key"] else ()
    return {f"user:{key}": name for key, name in users} | {f"api_key:{key}": name for key, name in keys}
