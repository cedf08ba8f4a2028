"""Numbers and hashes are given after commit, by one step at a time per log, as positions of events are.

A lock held until commit would make all writers of a tenant wait for each other; this one is taken by the step alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection, transaction

from apps.operations.wakeups import PLATFORM
from apps.security.chain.canonical import COLUMNS, genesis, link, text_of
from apps.security.chain.personal import conceal
from rustok.context import current
from rustok.db.ids import new_id

CHAIN: Final = "audit"
STEP: Final = 2_000  # entries of one step; bounds the time that the head is locked

_LOCK: Final = "SELECT number, hash FROM security_auditchain WHERE name = %s FOR UPDATE SKIP LOCKED"
# Without the condition an INSERT could wait for the step that holds the row: its update may have moved the index entry.
_CREATE: Final = (
    "INSERT INTO security_auditchain (id, name, number, hash, checkpoint) SELECT %s, %s, 0, %s, 0"
    " WHERE NOT EXISTS (SELECT 1 FROM security_auditchain WHERE name = %s) ON CONFLICT (name) DO NOTHING"
)
_LOOSE: Final = f"SELECT {', '.join(COLUMNS)} FROM security_auditentry WHERE number IS NULL ORDER BY id LIMIT %s"  # noqa: S608 - constants
# One statement: the entries get number and hash, the head moves, and exactly the marks that were read before go.
_SEAL_FORM: Final = """
    WITH sealed AS (
        UPDATE security_auditentry e SET number = fresh.number, hash = fresh.hash{more}
        FROM unnest(%(ids)s::uuid[], %(numbers)s::bigint[], %(hashes)s::bytea[]{values})
            AS fresh (id, number, hash{names})
        WHERE e.id = fresh.id
    ), cleared AS (
        DELETE FROM public.operations_audit_wakeup WHERE id = ANY (%(wakeups)s::uuid[])
    )
    UPDATE security_auditchain SET number = %(last)s, hash = %(head)s WHERE name = %(chain)s
"""
_SEAL: Final = _SEAL_FORM.format(more="", values="", names="")
_SEAL_PERSONAL: Final = _SEAL_FORM.format(
    more=", details = coalesce(jsonb_set(e.details, '{personal}', fresh.personal), e.details)",
    values=", %(personal)s::text[]::jsonb[]",
    names=", personal",
)


def this_log() -> UUID:
    """The id of the current scope's log: the tenant's, or the nil UUID for the platform."""
    tenant = current().tenant
    return tenant.id if tenant else PLATFORM


def seal(*, wakeups: Sequence[UUID] = (), step: int = STEP) -> int | None:
    """Seal up to `step` committed entries of the current scope and return how many.

    `wakeups` are marks that were read before the call; they go in the same transaction once nothing is left to seal.
    Personal data of the entries is sealed on the way. None: somebody else seals this log now. Costs three statements
    (personal data: up to three more), and about 15 µs per entry.
    """
    log = this_log()
    with transaction.atomic(), connection.cursor() as cursor:
        head = _lock(cursor, log)
        if head is None:
            return None
        cursor.execute(_LOOSE, [step])
        rows = [decoded(dict(zip(COLUMNS, row, strict=True))) for row in cursor.fetchall()]
        done = wakeups if len(rows) < step else ()
        _write(cursor, rows, head, log, done)
        return len(rows)


def _write(cursor: Any, rows: list[dict[str, Any]], head: tuple[int, bytes], log: UUID, done: Sequence[UUID]) -> None:
    number, digest = head
    hashes = []
    statement, more = _SEAL, {}
    concealed = conceal(rows)
    if concealed:
        statement, more = _SEAL_PERSONAL, {"personal": [concealed.get(row["id"]) for row in rows]}
    for offset, row in enumerate(rows, 1):
        digest = link(digest, text_of(row, log=log, number=number + offset))
        hashes.append(digest)
    numbers = list(range(number + 1, number + 1 + len(rows)))
    marks = {"wakeups": list(done), "last": number + len(rows), "head": digest, "chain": CHAIN}
    cursor.execute(statement, {"ids": [row["id"] for row in rows], "numbers": numbers, "hashes": hashes} | marks | more)


def decoded(row: dict[str, Any]) -> dict[str, Any]:
    """The row as Python values: a raw cursor gives JSON as text."""
    details = row["details"]
    return row | {"details": orjson.loads(details)} if isinstance(details, str) else row


def _lock(cursor: Any, log: UUID) -> tuple[int, bytes] | None:
    """Lock the head (made by the first step of a log); None when another step holds it."""
    cursor.execute(_LOCK, [CHAIN])
    row = cursor.fetchone()
    if row is None:
        cursor.execute(_CREATE, [new_id(), CHAIN, genesis(log), CHAIN])
        cursor.execute(_LOCK, [CHAIN])
        row = cursor.fetchone()
    return None if row is None else (row[0], bytes(row[1]))
