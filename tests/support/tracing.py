"""The installation's ring, empty, with traces and lines put into it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import orjson
import pytest

from rustok.telemetry import ring
from rustok.telemetry.ring import Group


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Rings of this process alone, empty before and after."""
    monkeypatch.setattr(ring, "NAMESPACE", f"rustok-test-{os.getpid()}")
    for kept in (ring.traces(), ring.lines()):
        kept.clear()
    yield
    for kept in (ring.traces(), ring.lines()):
        kept.clear()


def keep_span(trace_id: str, name: str = "GET things/", *, tenant: str = "", ms: int = 10, **more: object) -> None:
    """One span that begins the trace."""
    start = time.time_ns()
    about = {"rustok.tenant": tenant} if tenant else {}
    error = str(more.get("error", ""))
    found = {"id": "a" * 16, "parent": "", "name": name, "kind": "server", "start": start, "error": error}
    found |= {"end": start + ms * 1_000_000, "about": about} | more
    facts = {"name": name, "start": start, "ms": ms, "error": error, "tenant": tenant, "status": 200}
    facts |= {"route": "", "request": str(more.get("request", ""))}
    at = start // 1_000_000
    ring.traces().write({trace_id: Group(at=at, keep=bool(error), facts=facts, items=[orjson.dumps(found)])})


def keep_line(trace_id: str, event: str, **facts: object) -> None:
    """One log line of the trace."""
    line = orjson.dumps({"event": event, "level": "info", "timestamp": "2026-01-01T10:00:00Z", **facts})
    ring.lines().write({trace_id: Group(at=int(time.time() * 1000), items=[line])})
