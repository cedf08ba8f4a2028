"""What a visitor does in a shop stands in two chains: the shop's and the platform's, each entry with the reason.

The platform's copy names the shop and leaves personal data out: those belong to the shop, under keys that it can
destroy. Row images that triggers take stay in the shop's chain alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from apps.security.models import BreakGlass
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext

VISIT: Final = "break_glass"
"""Where the door notes the visit in the context's memo."""


def visit_of(context: ExecutionContext) -> BreakGlass | None:
    """The visit that this work belongs to, while it is done in the shop."""
    return context.memo.get(VISIT) if context.tenant is not None else None


def with_reason(entries: Sequence[AuditEntry], visit: BreakGlass) -> list[AuditEntry]:
    """The entries for the shop's chain."""
    return [replace(entry, reason=_reason(entry, visit)) for entry in entries]


def for_platform(entries: Sequence[AuditEntry], visit: BreakGlass) -> list[AuditEntry]:
    """The entries for the platform's chain."""
    about = {"tenant": visit.tenant_slug, "visit": str(visit.pk)}
    return [
        replace(entry, reason=_reason(entry, visit), details={**entry.details, **about}, personal={}, subject="")
        for entry in entries
    ]


def _reason(entry: AuditEntry, visit: BreakGlass) -> str:
    if not entry.reason or entry.reason == visit.reason:
        return visit.reason
    return f"{entry.reason} ({visit.reason})"
