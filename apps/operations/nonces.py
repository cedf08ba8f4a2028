"""Used nonces in PostgreSQL: the primary key lets exactly one of any number of parallel claims through."""

from __future__ import annotations

from typing import Final

from django.db import connection

# A nonce past its end is taken over as if it were not there: its signature is stale by then.
_CLAIM: Final = """
INSERT INTO public.operations_nonce AS kept (digest, expires_at)
VALUES (%s, now() + make_interval(secs => %s))
ON CONFLICT (digest) DO UPDATE SET expires_at = excluded.expires_at WHERE kept.expires_at <= now()
"""
_PURGE: Final = "DELETE FROM public.operations_nonce WHERE expires_at <= now()"


def claim_nonce(digest: bytes, *, seconds: float) -> bool:
    """Whether this call is the first to use the nonce; it stays used for `seconds`. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [digest, seconds])
        return bool(cursor.rowcount)


def purge_nonces() -> int:
    """Forget nonces past their end; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_PURGE)
        return int(cursor.rowcount)
