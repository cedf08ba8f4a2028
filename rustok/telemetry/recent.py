"""A copy of the newest log lines that belong to a trace, in the installation's ring: what the search box shows.

The copy is bounded, may lose lines, and replaces no log file.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from rustok.telemetry import logging, provider, ring
from rustok.telemetry.ring import LONGEST, Group
from rustok.telemetry.shipping import Shipper

_KEPT: Final = frozenset({"error", "critical"})
_WORTH: Final = ("event", "level", "timestamp", "tenant", "request_id", "trace_id", "actor", "path", "code")
_LONGEST_TEXT: Final = 3_000


@dataclass(frozen=True, slots=True)
class _Line:
    trace_id: str
    at: int
    is_error: bool
    text: bytes


def configure(*, on: bool) -> None:
    """Copy lines from now on, or no longer."""
    if not on:
        logging.copy_to(None)
        return
    shipper = Shipper("lines", _write)
    provider.at_flush(shipper.flush)

    def keep(event: Mapping[str, Any], line: bytes) -> None:
        trace_id = event.get("trace_id")
        if type(trace_id) is str:
            is_error = event.get("level") in _KEPT
            shipper.put(_Line(trace_id, int(time.time() * 1000), is_error, _fitting(event, line)))

    logging.copy_to(keep)


def _fitting(event: Mapping[str, Any], line: bytes) -> bytes:
    """The line itself, or what is worth most of a line that is too long or no JSON."""
    if len(line) <= LONGEST and line[:1] == b"{":
        return line
    facts = {name: str(event[name]) for name in _WORTH if name in event}
    return orjson.dumps({**facts, "text": line.decode("utf-8", "replace")[:_LONGEST_TEXT]})


def _write(lines: Sequence[_Line]) -> None:
    groups: dict[str, Group] = {}
    for line in lines:
        group = groups.setdefault(line.trace_id, Group(at=line.at))
        group.items.append(line.text)
        group.keep = group.keep or line.is_error
    ring.lines().write(groups)
