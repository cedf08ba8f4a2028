"""Whether a family and its parent are still good, and what they may do: one statement, for every request."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils import timezone

from apps.security.networks import check_address
from apps.security.roles import effective
from rustok.context import Actor, current
from rustok.errors.families import InvalidCredentials, TokenExpired

KEY_ROLE: Final = "api_key"
"""What the claim `role` says of a token whose parent is no person."""
_READ: Final = """
SELECT f.revoked_at, f.ends_at, f.stamp, f.permissions,
       k.id, k.name, k.permissions, k.expires_at, k.revoked_at, k.allowed_networks,
       u.id, u.username, u.password, u.role, u.is_active, r.grants
FROM security_tokenfamily f
LEFT JOIN security_apikey k ON k.id = f.api_key_id
LEFT JOIN security_user u ON u.id = f.user_id
LEFT JOIN security_role r ON r.slug = u.role
WHERE f.id = %s
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A family's parent as it is now. `granted` is what the family was opened with, `held` what the parent holds."""

    actor: Actor
    role: str
    granted: frozenset[str]
    held: frozenset[str]
    ends_at: datetime


def standing_of(family: UUID) -> Standing:
    """The parent of a family that is good; raises InvalidCredentials, TokenExpired, AddressRefused.

    A family is good until it is revoked or over, while its key is neither revoked nor expired and used from where it
    may be, or its person is active and has the password of then. Revocations hold from the next request on.
    """
    with connection.cursor() as cursor:
        cursor.execute(_READ, [family])
        row = cursor.fetchone()
    if row is None or row[0] is not None:
        raise InvalidCredentials
    ends_at, stamp, granted = row[1:4]
    if ends_at <= timezone.now():
        raise TokenExpired
    actor, role, held = _of_key(row[4:10]) if row[4] is not None else _of_person(bytes(stamp), row[10:16])
    return Standing(actor, role, frozenset(granted), held, ends_at)


def stamp_of(password: str) -> bytes:
    """A mark of a stored password: another password, another mark. Tells nothing about it."""
    return hashlib.sha256(b"rustok.security.token_family " + password.encode()).digest()


def _of_key(facts: Sequence[Any]) -> tuple[Actor, str, frozenset[str]]:
    key, name, permissions, expires_at, revoked_at, networks = facts
    if revoked_at is not None:
        raise InvalidCredentials
    if expires_at is not None and expires_at <= timezone.now():
        raise TokenExpired
    check_address(current().address, networks)
    return Actor("api_key", str(key), name), KEY_ROLE, frozenset(permissions)


def _of_person(stamp: bytes, facts: Sequence[Any]) -> tuple[Actor, str, frozenset[str]]:
    user, username, password, role, is_active, grants = facts
    if not is_active or not hmac.compare_digest(stamp, stamp_of(password)):
        raise InvalidCredentials
    return Actor("user", str(user), username), role, effective(role, grants)
