"""The audit port: what was done, by whom, to what. Entries are written in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One deed. `action` is `resource:verb`; `target` is the id of the thing; `details` hold no secrets.

    What says something about a person goes into `personal`, with `subject` (`customer:<id>`, `user:<id>`): it is sealed
    under that person's key and can be shredded later.
    """

    action: str
    target: str = ""
    outcome: str = "ok"
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""


class AuditWriter(Protocol):
    """Port: stores entries in the open transaction; actor, trace and address come from the context."""

    def write(self, entries: Sequence[AuditEntry]) -> None:
        """Append the entries in one statement."""
