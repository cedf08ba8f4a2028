"""Which of a subscription's partitions a stream belongs to: the same answer in SQL and in Python, for ever.

MD5 and not PostgreSQL's `hashtext`: the latter may change between major versions and machines, and a stream that
changes its partition meets another cursor: events would be lost or repeated.
"""

from __future__ import annotations

import hashlib
from typing import Final

# The template's names are filled with SQL expressions by modules of this app only.
PARTITION: Final = (
    "(CASE WHEN {partitions} = 1 THEN 0"
    " ELSE (('x' || left(md5({stream}), 8))::bit(32)::bigint %% {partitions})::int END)"
)


def partition_of(stream: str, partitions: int) -> int:
    """The partition of a stream, 0 to `partitions` - 1."""
    digest = hashlib.md5(stream.encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) % partitions
