"""What a hash of the chain covers: every column of the entry, its number and whose log it is, as one text.

An exported line is `{"hash":"<64 hex digits>","entry":<that text>}`; the verifier hashes the very bytes it reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson

FORMAT: Final = 1
COLUMNS: Final = (
    "id",
    "occurred_at",
    "actor",
    "actor_label",
    "action",
    "target",
    "outcome",
    "reason",
    "details",
    "request_id",
    "trace_id",
    "address",
)


def genesis(log: UUID) -> bytes:
    """The hash before the first entry; it differs from log to log, so that none can stand in for another."""
    return sha256(b"rustok.audit.v1\0" + str(log).encode()).digest()


def text_of(values: Mapping[str, Any], *, log: UUID, number: int) -> bytes:
    """The entry as canonical JSON: keys sorted, no spaces, times in UTC to the microsecond."""
    facts = {name: values[name] for name in COLUMNS}
    facts |= {"log": str(log), "number": number, "v": FORMAT}
    return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def link(previous: bytes, text: bytes) -> bytes:
    """The hash of an entry: SHA-256 (FIPS 180-4) over the previous hash and the text."""
    return sha256(previous + text).digest()


def line_of(text: bytes, digest: bytes) -> bytes:
    """One line of an export, without its end."""
    return b'{"hash":"' + digest.hex().encode() + b'","entry":' + text + b"}"
