"""The idempotency port bound to PostgreSQL: the unique index makes the second caller wait for the first.

The claim is one upsert inside the caller's transaction. A parallel call with the same key blocks on that row until
the first one commits (then it reads the stored answer) or rolls back (then it owns the key). The connection's
`lock_timeout` bounds the wait. Nothing is "in progress" after a crash: the claim dies with its transaction (trap 36).
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any, Final

import orjson
from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from apps.operations.models.wakeups import PLATFORM
from rustok.context import current
from rustok.db.ids import new_id
from rustok.db.transactions import transaction_required
from rustok.errors.families import IdempotencyInProgress, IdempotencyKeyReused
from rustok.idempotency import StoredAnswer

LIFETIME: Final = timedelta(hours=24)
PURGE_BATCH: Final = 5_000
_WAIT_SECONDS: Final = 1.0

# An expired row is taken over as if it were not there; a live one is only read (the UPDATE writes what was there).
_CLAIM: Final = """
INSERT INTO public.operations_idempotency AS kept (id, tenant_id, scope_hash, key, fingerprint, claim, expires_at)
VALUES (%(id)s, %(tenant)s, %(scope)s, %(key)s, %(fingerprint)s, %(id)s, now() + %(lifetime)s)
ON CONFLICT (tenant_id, scope_hash, key) DO UPDATE SET
    claim = CASE WHEN kept.expires_at <= now() THEN excluded.claim ELSE kept.claim END,
    fingerprint = CASE WHEN kept.expires_at <= now() THEN excluded.fingerprint ELSE kept.fingerprint END,
    expires_at = CASE WHEN kept.expires_at <= now() THEN excluded.expires_at ELSE kept.expires_at END
RETURNING claim = %(id)s, fingerprint, status, body, headers::text
"""
_STORE: Final = """
UPDATE public.operations_idempotency SET status = %(status)s, body = %(body)s, headers = %(headers)s
WHERE tenant_id = %(tenant)s AND scope_hash = %(scope)s AND key = %(key)s
"""
_PURGE: Final = """
DELETE FROM public.operations_idempotency WHERE id IN (
    SELECT id FROM public.operations_idempotency WHERE expires_at <= now() ORDER BY expires_at LIMIT %s
    FOR UPDATE SKIP LOCKED
)
"""


class PostgresIdempotencyStore:
    """One table for all tenants of a database; the tenant is part of the key and comes from the context."""

    @transaction_required
    def claim(self, *, key: str, scope: str, fingerprint: str) -> StoredAnswer | None:
        """Claim the key or return the stored answer; raises IdempotencyKeyReused, IdempotencyInProgress."""
        values = {**_place(key, scope), "id": new_id(), "fingerprint": fingerprint, "lifetime": LIFETIME}
        try:
            with connection.cursor() as cursor:
                cursor.execute(_CLAIM, values)
                mine, kept, status, body, headers = cursor.fetchone()
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise IdempotencyInProgress(retry_after=_WAIT_SECONDS) from error
            raise
        if mine:
            return None
        if kept != fingerprint:
            raise IdempotencyKeyReused
        return StoredAnswer(status, bytes(body), tuple((name, value) for name, value in orjson.loads(headers)))

    @transaction_required
    def store(self, *, key: str, scope: str, answer: StoredAnswer) -> None:
        """Remember the answer beside the claim."""
        values = {
            **_place(key, scope),
            "status": answer.status,
            "body": answer.body,
            "headers": orjson.dumps(answer.headers).decode(),
        }
        with connection.cursor() as cursor:
            cursor.execute(_STORE, values)


def _place(key: str, scope: str) -> dict[str, Any]:
    tenant = current().tenant
    return {
        "tenant": tenant.id if tenant is not None else PLATFORM,
        "scope": hashlib.sha256(scope.encode()).digest(),
        "key": key,
    }


def purge_expired() -> int:
    """Forget keys past their day, in bounded steps; returns how many."""
    total = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_PURGE, [PURGE_BATCH])
            purged = int(cursor.rowcount)
        total += purged
        if purged < PURGE_BATCH:
            return total
