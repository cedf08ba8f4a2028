"""Ports bound by dotted settings, as Django does for its backends: the kernel names a role, an app fills it.

RUSTOK_PORTS = {"event_recorder": "apps.events.recorder.PostgresEventRecorder", ...}
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from rustok.audit import AuditWriter
    from rustok.events import EventRecorder
    from rustok.gate import Gate
    from rustok.idempotency import IdempotencyStore
    from rustok.resilience.circuit_breaker.store import BreakerStore


@cache
def _bound(role: str) -> Any:
    return import_string(settings.RUSTOK_PORTS[role])()


def event_recorder() -> EventRecorder:
    """The store of events."""
    recorder: EventRecorder = _bound("event_recorder")
    return recorder


def audit_writer() -> AuditWriter:
    """The audit log."""
    writer: AuditWriter = _bound("audit_writer")
    return writer


def idempotency_store() -> IdempotencyStore:
    """The memory of Idempotency-Keys."""
    store: IdempotencyStore = _bound("idempotency_store")
    return store


def breaker_table() -> BreakerStore:
    """The records of circuit breakers in PostgreSQL; used when `RUSTOK_BREAKER_STORE` says so."""
    store: BreakerStore = _bound("breaker_table")
    return store


def gate() -> Gate:
    """Who lets REST requests in."""
    found: Gate = _bound("gate")
    return found


def reset() -> None:
    """Forget the bound ports; for tests that override the setting."""
    _bound.cache_clear()
