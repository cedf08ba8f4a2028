"""Checkpoints: "entry N of this log has hash H", signed, one line each, in a file outside the database.

Each names the digest of the line before, so that none can be taken out of the middle. Whoever owns the database can
rewrite entries and hashes, but not these lines; what was sealed after the last of them is the undetectable window.
Keep the files, or the log lines `audit.checkpoint`, on another machine.
"""

from __future__ import annotations

import fcntl
import os
from base64 import b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.utils import timezone

from apps.security.chain.canonical import FORMAT
from apps.security.chain.keys import key_file, key_id, signing_key
from apps.security.chain.sealing import CHAIN, this_log
from apps.security.chain.verifier import is_torn
from rustok.config import config
from rustok.telemetry import log_event

ENTRIES: Final = 1_000
"""A checkpoint at the latest after so many entries …"""
INTERVAL: Final = timedelta(minutes=1)
"""… or after this time, once there is a new entry."""

_HEAD: Final = (
    "SELECT number, hash, checkpoint, checkpoint_at FROM security_auditchain WHERE name = %s FOR UPDATE SKIP LOCKED"
)
_LATER: Final = """
    INSERT INTO public.operations_audit_wakeup (id, tenant_id, due_at) SELECT gen_random_uuid(), %(log)s, %(due)s
    WHERE NOT EXISTS (SELECT FROM public.operations_audit_wakeup WHERE tenant_id = %(log)s AND due_at > %(now)s)
"""
_NOTE: Final = "UPDATE security_auditchain SET checkpoint = %s, checkpoint_at = %s WHERE name = %s"


def checkpoint_file(log: UUID) -> Path:
    """Where the checkpoints of a log are."""
    directory = config().audit_checkpoint_dir or config().data_dir / "audit" / "checkpoints"
    return directory / f"{log}.jsonl"


def checkpoint(*, force: bool = False) -> int | None:
    """Sign the head of the current scope's chain if that is due, and return its number; None when nothing was written.

    The head is read committed, so that a line never speaks of entries that a crash takes back. Raises OSError when the
    file cannot be written; the next call tries again.
    """
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_HEAD, [CHAIN])
        row = cursor.fetchone()
        if row is None or row[0] == row[2]:
            return None
        number, digest, last, last_at = row
        if not force and last_at is not None and number - last < ENTRIES and now - last_at < INTERVAL:
            cursor.execute(_LATER, {"log": this_log(), "now": now, "due": last_at + INTERVAL})
            return None
        append_checkpoint(checkpoint_file(this_log()), this_log(), int(number), bytes(digest), now)
        cursor.execute(_NOTE, [number, now, CHAIN])
        return int(number)


def append_checkpoint(
    path: Path, log: UUID, number: int, digest: bytes, now: datetime, *, pruned: dict[str, Any] | None = None
) -> bytes:
    """Sign one line, add it to the file, synced to disk, and return it. Raises OSError.

    `pruned` are facts of the segment file that this entry and all before it were moved to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    facts: dict[str, Any] = {
        "v": FORMAT,
        "log": str(log),
        "number": number,
        "hash": digest.hex(),
        "at": now,
        "key": key_id(key_file()),
    } | ({"pruned": pruned} if pruned else {})
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
    with os.fdopen(descriptor, "a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed: sealing and moving away may sign at the same moment
        last, mend = _ending(file)
        line = _signed(facts | {"previous": last})
        file.write(mend + line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    log_event("audit.checkpoint", log=str(log), number=number, line=line.decode())
    return line + b"\n"


def _signed(facts: dict[str, Any]) -> bytes:
    signed = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    signature = b64encode(signing_key(key_file()).sign(signed))
    return b'{"signature":"' + signature + b'","checkpoint":' + signed + b"}"


def _ending(file: BinaryIO) -> tuple[str, bytes]:
    """The SHA-256 of the file's last line (empty for the first), and what ends a line that a full disk has cut short.

    What was cut short claims nothing: the line before it is the last.
    """
    file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
    tail = file.read()
    mend = b"" if not tail or tail.endswith(b"\n") else b"\n"
    whole = [line for line in tail.splitlines() if not is_torn(line)]
    return (sha256(whole[-1]).hexdigest() if whole else ""), mend
