"""A log as JSON Lines, sealed entries in order, recomputed from the rows as they stand now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from apps.security.chain.canonical import COLUMNS, line_of, text_of
from apps.security.chain.sealing import this_log
from apps.security.models import AuditChain, AuditEntry

PAGE: Final = 2_000


def sealed_entries() -> int:
    """How many entries the chain of the current scope counts."""
    return AuditChain.objects.values_list("number", flat=True).first() or 0


def signed_entries() -> int:
    """Up to which entry a checkpoint of the current scope's log was written, as the database remembers it."""
    return AuditChain.objects.values_list("checkpoint", flat=True).first() or 0


def loose_entries() -> int:
    """How many committed entries wait for their number."""
    return AuditEntry.objects.filter(number__isnull=True).count()


def export_page(*, after: int) -> list[tuple[int, bytes]]:
    """Up to two thousand (number, line) after this number. Two lists of columns, one statement."""
    log = this_log()
    rows = AuditEntry.objects.filter(number__gt=after).order_by("number").values("number", "hash", *COLUMNS)[:PAGE]
    return [(row["number"], line_of(text_of(row, log=log, number=row["number"]), bytes(row["hash"]))) for row in rows]


def export() -> Iterator[bytes]:
    """Every line of the current scope's log. Use it up inside the scope."""
    after = 0
    while page := export_page(after=after):
        yield from (line for _number, line in page)
        after = page[-1][0]
