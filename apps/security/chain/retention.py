"""Old entries leave the database for a sealed file: JSON Lines as an export has them, and a signed line that names it.

The order makes a crash harmless: the file is written, read back and verified; a checkpoint that says "up to here it was
moved" is signed and kept outside the database; only then the head of the chain lets rows go. What is not chained, not
covered by a checkpoint or not in such a file stays. Personal data in a segment is sealed as it was in the rows, so
shredding reaches it there.
"""

from __future__ import annotations

import logging
import os
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature
from django.db import connection, transaction
from django.utils import timezone

from apps.security.chain import verifier
from apps.security.chain.checkpoints import append_checkpoint, checkpoint_file
from apps.security.chain.errors import AuditNotWhole
from apps.security.chain.export import export_page
from apps.security.chain.keys import key_file, signing_key
from apps.security.chain.sealing import CHAIN, this_log
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import active_tenants
from rustok.audit import AuditEntry
from rustok.config import config
from rustok.context import ExecutionContext
from rustok.db.transactions import unit_of_work
from rustok.errors import DomainError
from rustok.policy import require
from rustok.telemetry import log_event

ACTION: Final = "audit:prune"
SEGMENT: Final = 100_000  # entries of one file, about
CHUNK: Final = 5_000  # rows deleted in one transaction
MOST_SEGMENTS: Final = 10  # of one log in one sweep

_FIRST_KEPT: Final = (
    "SELECT number FROM security_auditentry WHERE number > %s AND occurred_at >= %s ORDER BY number LIMIT 1"
)
_PRUNED: Final = "SELECT pruned, number FROM security_auditchain WHERE name = %s"
_LET_GO: Final = "UPDATE security_auditchain SET pruned = %s WHERE name = %s AND pruned < %s"
_DELETE: Final = """
    DELETE FROM security_auditentry WHERE id IN (
        SELECT id FROM security_auditentry WHERE number <= %s ORDER BY number LIMIT %s
    )
"""


@dataclass(frozen=True, slots=True)
class Segment:
    """What was moved: entries `first` to `last`, into `file` (None: it was a trial), `removed` rows deleted."""

    first: int
    last: int
    file: Path | None
    removed: int


def archive_directory() -> Path:
    """Where the segments of the current scope's log are."""
    return (config().audit_archive_dir or config().data_dir / "audit" / "archive") / str(this_log())


def prune(*, older_than: timedelta, context: ExecutionContext, trial: bool = False) -> Segment | None:
    """Move entries older than that into a segment, up to a checkpoint; None when there are none. Needs `audit:prune`.

    At most about a hundred thousand entries; call again for more. Raises AuditNotWhole, and OSError when a file cannot
    be written; nothing is lost then.
    """
    require(context, ACTION)
    return move(older_than=older_than, trial=trial)


def sweep(*, older_than: timedelta) -> int:
    """Move what is old in every log, the platform's first; returns how many segments were written. For the clock."""
    with platform_scope("move old audit entries, find the shops in business"):
        written = _move_all(older_than)
        shops = [shop.ref() for shop in active_tenants()]
    for shop in shops:
        try:
            with tenant_scope(shop):
                written += _move_all(older_than)
        except (DomainError, OSError) as error:  # one log that cannot be moved does not stop the others
            log_event("audit.prune_failed", level=logging.ERROR, tenant=shop.slug, error=str(error))
    return written


def _move_all(older_than: timedelta) -> int:
    for written in range(MOST_SEGMENTS):
        segment = move(older_than=older_than)
        if segment is None:
            return written
        log_event("audit.pruned", first=segment.first, last=segment.last, file=str(segment.file))
    return MOST_SEGMENTS


def move(*, older_than: timedelta, trial: bool = False) -> Segment | None:
    """As `prune`, asking for no permission: who calls is the clock, or was asked."""
    pruned, head = _state()
    removed = 0 if trial else _remove(pruned)
    found = _boundary(pruned, head, timezone.now() - older_than)
    if found is None:
        return None
    if trial:
        return Segment(pruned + 1, found.number, None, 0)
    file = _write(pruned, found)
    _sign(pruned, found, file)
    with unit_of_work() as uow, connection.cursor() as cursor:
        cursor.execute(_LET_GO, [found.number, CHAIN, found.number])
        details = {"first": pruned + 1, "last": found.number, "file": file.name}
        uow.audit(AuditEntry(action=ACTION, target=str(this_log()), details=details))
    return Segment(pruned + 1, found.number, file, removed + _remove(found.number))


def pruned_entries() -> int:
    """How many entries of the current scope's log were moved away."""
    return _state()[0]


def _state() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_PRUNED, [CHAIN])
        row = cursor.fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _boundary(pruned: int, head: int, before: datetime) -> verifier.Checkpoint | None:
    """The checkpoint up to which everything is older, at most about a segment further."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_KEPT, [pruned, before])
        row = cursor.fetchone()
    kept = row[0] if row else head + 1
    found = None
    for claim in _claims(pruned):
        if claim.number > pruned and claim.number < kept and claim.number <= head:
            if found is not None and claim.number > pruned + SEGMENT:
                break
            found = claim
    return found


def _claims(signed_after: int) -> Iterator[verifier.Checkpoint]:
    """The checkpoints of this log; signatures are verified beyond entry `signed_after`. Raises AuditNotWhole."""
    path = checkpoint_file(this_log())
    key = signing_key(key_file()).public_key()
    if not path.exists():
        return
    with path.open("rb") as lines:
        for raw in lines:
            line = raw.rstrip(b"\r\n")
            try:
                if verifier.is_torn(line):
                    continue
                outer = orjson.loads(line)
                facts = outer["checkpoint"]
                if facts["number"] > signed_after:
                    key.verify(b64decode(outer["signature"]), line[verifier.SIGNED_AT : -1])
            except (ValueError, KeyError, TypeError, InvalidSignature) as error:
                raise AuditNotWhole(defect="a checkpoint is damaged") from error
            yield verifier.Checkpoint(str(facts["log"]), int(facts["number"]), str(facts["hash"]), "pruned" in facts)


def _write(pruned: int, until: verifier.Checkpoint) -> Path:
    """Write the segment beside its place, read it back, verify it, put it there. Raises AuditNotWhole."""
    directory = archive_directory()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = directory / f"{pruned + 1:012}-{until.number:012}.jsonl"
    fresh = file.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        after = pruned
        while after < until.number:
            page = [pair for pair in export_page(after=after) if pair[0] <= until.number]
            if not page:
                break
            target.writelines(line + b"\n" for _number, line in page)
            after = page[-1][0]
        target.flush()
        os.fsync(target.fileno())
    _check(fresh, pruned, until)
    fresh.replace(file)
    return file


def _check(file: Path, pruned: int, until: verifier.Checkpoint) -> None:
    """The file against the signed hash of its last entry, by the verifier that auditors use."""
    start = [claim for claim in _claims(pruned) if claim.number == pruned and claim.is_pruned][-1:]
    with file.open("rb") as lines:
        defects = verifier.verify_between(lines, start[0] if start else None, until)
    if defects:
        file.unlink()
        raise AuditNotWhole(defect=defects[0])


def _sign(pruned: int, until: verifier.Checkpoint, file: Path) -> None:
    """Say in the checkpoints, and in a file beside the segment, what was moved where."""
    with file.open("rb") as content:
        digest = sha256()
        while block := content.read(1 << 20):
            digest.update(block)
    facts: dict[str, Any] = {"first": pruned + 1, "file": file.name, "sha256": digest.hexdigest()}
    place = checkpoint_file(this_log())
    line = append_checkpoint(place, this_log(), until.number, bytes.fromhex(until.hash), timezone.now(), pruned=facts)
    file.with_suffix(".sig").write_bytes(line)


def _remove(until: int) -> int:
    """Delete the rows that the head of the chain lets go, in small transactions; returns how many there were."""
    removed = 0
    while until:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_DELETE, [until, CHUNK])
            removed += cursor.rowcount
            if cursor.rowcount < CHUNK:
                break
    return removed
