"""Personal data of entries: sealed under a key per person, so that losing the key loses the data and nothing else.

An entry is written with `details.personal = {"subject": "customer:<id>", "open": {…}}`. The sealing step, which gives
number and hash a moment later, puts `{"subject": …, "sealed": "<base64>"}` in its place: AES-256-GCM under the key of
that subject, bound to the entry's id. The hash covers the sealed form, so the chain holds whether the key lives or not.
Keys are rows of their own, themselves sealed under the platform's secret key; a shredded one leaves an empty row, and
whatever is noted about that person later is dropped.
"""

from __future__ import annotations

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection

from rustok.db.ids import new_id
from rustok.sealing import Unsealable, seal, unseal

PURPOSE: Final = "audit.subject"
SUBJECT: Final = re.compile(r"[a-z][a-z0-9_]{0,40}:[!-~]{1,150}")
REVEAL: Final = "audit:reveal"
SHREDDED: Final = "[shredded]"
WITHHELD: Final = "[sealed]"
_NONCE: Final = 12

_READ: Final = "SELECT subject, id, key FROM security_subjectkey WHERE subject = ANY (%s)"
_MAKE: Final = (
    "INSERT INTO security_subjectkey (id, subject, key, created_at) SELECT *, statement_timestamp()"
    " FROM unnest(%s::uuid[], %s::text[], %s::bytea[]) ON CONFLICT (subject) DO NOTHING"
)


def personal_of(details: object) -> dict[str, Any] | None:
    """The personal part of an entry's details, open or sealed; None when there is none."""
    part = details.get("personal") if isinstance(details, dict) else None
    return part if isinstance(part, dict) and SUBJECT.fullmatch(str(part.get("subject"))) else None


def conceal(rows: Sequence[dict[str, Any]]) -> dict[UUID, str]:
    """Seal the open personal data of rows that are about to be chained, in place; the sealed parts as JSON, by entry.

    At most three statements, none without such data; some 10 µs per row.
    """
    found = [(row, part) for row in rows if (part := personal_of(row["details"])) is not None and "open" in part]
    if not found:
        return {}
    ciphers = _ciphers({part["subject"] for _row, part in found}, make=True)
    concealed = {}
    for row, part in found:
        sealed = _sealed(ciphers.get(part["subject"]), part["open"], row["id"])
        closed = {"subject": part["subject"], "sealed": sealed}
        row["details"] = row["details"] | {"personal": closed}
        concealed[row["id"]] = orjson.dumps(closed).decode()
    return concealed


def reveal(entries: Iterable[tuple[UUID, Any]], *, permitted: bool) -> list[Any]:
    """Details as people may read them: personal data opened, or a word in its place. At most one statement."""
    given = list(entries)
    parts = [personal_of(details) for _id, details in given]
    subjects = {part["subject"] for part in parts if part is not None and part.get("sealed")}
    ciphers = _ciphers(subjects, make=False) if subjects and permitted else {}
    shown = []
    for (entry, details), part in zip(given, parts, strict=True):
        shown.append(details if part is None else details | {"personal": _readable(part, entry, ciphers, permitted)})
    return shown


def _readable(
    part: Mapping[str, Any], entry: UUID, ciphers: Mapping[str, AESGCM | None], permitted: bool
) -> dict[str, Any]:
    if not permitted:
        values: Any = WITHHELD
    elif "open" in part:
        values = part["open"]
    else:
        values = _opened(ciphers.get(part["subject"]), str(part.get("sealed", "")), entry)
    return {"subject": part["subject"], "values": values}


def _sealed(cipher: AESGCM | None, values: object, entry: UUID) -> str:
    if cipher is None:
        return ""
    nonce = os.urandom(_NONCE)
    return b64encode(nonce + cipher.encrypt(nonce, orjson.dumps(values), entry.bytes)).decode()


def _opened(cipher: AESGCM | None, sealed: str, entry: UUID) -> object:
    if cipher is None or not sealed:
        return SHREDDED
    try:
        raw = b64decode(sealed)
        return orjson.loads(cipher.decrypt(raw[:_NONCE], raw[_NONCE:], entry.bytes))
    except (InvalidTag, ValueError):
        return SHREDDED  # the hash chain says whether it was changed


def _ciphers(subjects: set[str], *, make: bool) -> dict[str, AESGCM | None]:
    """By subject; None for one that was shredded. `make` makes keys for the unknown."""
    wanted = sorted(subjects)
    with connection.cursor() as cursor:
        cursor.execute(_READ, [wanted])
        rows = cursor.fetchall()
        missing = sorted(subjects - {row[0] for row in rows}) if make else []
        if missing:
            ids = [new_id() for _subject in missing]
            keys = [seal(os.urandom(32), purpose=PURPOSE, row=row) for row in ids]
            cursor.execute(_MAKE, [ids, missing, keys])
            cursor.execute(_READ, [wanted])
            rows = cursor.fetchall()
    return {subject: _cipher(row, key) for subject, row, key in rows}


def _cipher(row: UUID, key: bytes | None) -> AESGCM | None:
    if key is None:
        return None
    try:
        return AESGCM(unseal(bytes(key), purpose=PURPOSE, row=row))
    except Unsealable:
        return None  # the platform's secret key of that time is not configured
