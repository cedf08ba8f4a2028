"""Signing keys as the signature stage needs them: one statement, secrets unsealed in memory only."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.utils import timezone

from apps.security.signing import Key
from apps.security.zero_trust.admission import Credential
from apps.security.zero_trust.credentials import elsewhere
from rustok.context import Actor, current
from rustok.errors.families import InvalidCredentials
from rustok.sealing import Unsealable, unseal
from rustok.telemetry import log_event

PURPOSE: Final = "security.signing_key"
ACTOR_KIND: Final = "signing_key"
_READ: Final = (
    "SELECT id, name, algorithm, material, permissions, expires_at, revoked_at FROM security_signingkey "
    "WHERE key_id = %s"
)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key and whose it is."""

    key: Key
    credential: Credential
    expires_at: datetime | None
    revoked_at: datetime | None

    @property
    def in_force(self) -> bool:
        """Whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


def find_key(key_id: str, *, anywhere: bool = True) -> KnownKey | None:
    """The key of the current scope, else (`anywhere`) of the scope that it belongs to. One statement for a hit.

    A key whose material does not open is no key, and an error in the log.
    """
    if not key_id.isascii() or not key_id.isprintable():
        return None
    found = _here(key_id)
    if found is not None or not anywhere:
        return found
    owned = elsewhere(key_id, lambda: _expect(key_id))
    return owned[0] if owned else None


def _expect(key_id: str) -> KnownKey:
    found = _here(key_id)
    if found is None:
        raise InvalidCredentials
    return found


def _here(key_id: str) -> KnownKey | None:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [key_id])
        row = cursor.fetchone()
    if row is None:
        return None
    row_id, name, algorithm, material, permissions, expires_at, revoked_at = row
    try:
        opened = unseal(bytes(material), purpose=PURPOSE, row=row_id)
    except Unsealable:  # RUSTOK_SECRET_KEY was changed without its fallback: nobody can use this key
        log_event("signing_key.unsealable", level=logging.ERROR, key_id=key_id)
        return None
    key = Key(algorithm, opened)
    actor = Actor(ACTOR_KIND, str(row_id), name)
    return KnownKey(key, Credential(actor, frozenset(permissions), current().tenant), expires_at, revoked_at)
