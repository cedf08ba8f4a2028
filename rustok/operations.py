"""The registry of operations: every endpoint, task and tool with its permission and criticality.

Criticality says what is shed last (R24); `writes` says what Minimal mode refuses. An undeclared operation fails CI.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

PUBLIC: Final = "public"
INTERNAL: Final = "internal"
"""Machine work, asked for by nobody outside."""
AUTHENTICATED: Final = "authenticated"
"""Any good credential: for what a caller may ask about itself."""


class Criticality(IntEnum):
    """How long an operation is kept alive under pressure; higher lives longer."""

    LOW = 1
    NORMAL = 2
    HIGH = 3
    CRITICAL = 4


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked for. `permission` is `resource:action`, PUBLIC, AUTHENTICATED or INTERNAL."""

    name: str
    kind: str
    permission: str
    criticality: Criticality
    writes: bool


_operations: dict[str, Operation] = {}


def declare(operation: Operation) -> Operation:
    """Enter an operation; the same name twice with other facts is a programming error."""
    known = _operations.setdefault(operation.name, operation)
    if known != operation:
        raise ValueError(f"operation {operation.name} is declared twice")
    return operation


def operations() -> tuple[Operation, ...]:
    """Every declared operation, by name."""
    return tuple(_operations[name] for name in sorted(_operations))
