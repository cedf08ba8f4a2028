"""A stored event as its readers see it. Data stay as JSON text until somebody asks: most readers only pass them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

# In the order of StoredEvent's fields. The text form keeps JSON undecoded on the way through.
COLUMNS: Final = (
    "e.id, e.position, e.stream, e.version, e.type, e.schema_version, e.data::text, e.metadata::text, e.recorded_at"
)
WIRE_TYPE: Final = "(e.type || '.v' || e.schema_version)"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One numbered fact of a log. `raw_data` and `raw_metadata` are JSON texts as PostgreSQL prints them."""

    id: UUID
    position: int
    stream: str
    version: int
    type: str
    schema_version: int
    raw_data: str
    raw_metadata: str
    recorded_at: datetime

    @property
    def wire_type(self) -> str:
        """The published name with its version."""
        return f"{self.type}.v{self.schema_version}"

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
