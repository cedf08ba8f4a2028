"""A stored event as its readers see it. Data stay as JSON text until somebody asks: most readers only pass them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

# In the order of StoredEvent's fields. JSON and time stay texts on the way through: making Python objects of them took
# a fifth of the relay's time. The time is RFC 3339 in UTC, as CloudEvents want it.
COLUMNS: Final = """
    e.id, e.position, e.stream, e.version, e.type, e.schema_version, e.data::text, e.metadata::text,
    to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
"""
WIRE_TYPE: Final = "(e.type || '.v' || e.schema_version)"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One numbered fact of a log. `raw_data` and `raw_metadata` are JSON texts, `time` is RFC 3339 in UTC."""

    id: UUID
    position: int
    stream: str
    version: int
    type: str
    schema_version: int
    raw_data: str
    raw_metadata: str
    time: str

    @property
    def wire_type(self) -> str:
        """The published name with its version."""
        return f"{self.type}.v{self.schema_version}"

    @property
    def recorded_at(self) -> datetime:
        """When it was written, by the database's clock."""
        return datetime.fromisoformat(self.time)

    @property
    def data(self) -> dict[str, Any]:
        """The fact, decoded afresh at each call."""
        decoded: dict[str, Any] = orjson.loads(self.raw_data)
        return decoded

    @property
    def metadata(self) -> dict[str, str]:
        """Correlation, causation, actor, traceparent, decoded afresh at each call."""
        decoded: dict[str, str] = orjson.loads(self.raw_metadata)
        return decoded


def stored(rows: Sequence[Sequence[Any]]) -> list[StoredEvent]:
    """Events from rows of COLUMNS."""
    return [StoredEvent(*row) for row in rows]
