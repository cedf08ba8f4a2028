"""Stage 4: from here on every deed carries its doer; and what was refused is in the audit log, counted, not flooded.

The first refusal of a kind is written at once; equal ones (shop, code, operation, credential, network) of the next
minute are counted and written as one entry when the minute is over and somebody is refused again, or the process ends.
"""

from __future__ import annotations

import atexit
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final, NamedTuple

from django.http import HttpRequest

from apps.security.zero_trust.admission import Admission
from rustok.api.addresses import network_of
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext, current, install, use
from rustok.db.transactions import unit_of_work
from rustok.errors import DomainError
from rustok.telemetry.logging import log_event

WINDOW_SECONDS: Final = 60.0
MOST_KINDS: Final = 5_000
ACTION: Final = "request:refuse"


class Kind(NamedTuple):
    """What makes two refusals equal."""

    schema: str
    code: int
    name: str
    operation: str
    credential: str
    address: str


@dataclass(slots=True)
class _Count:
    since: float
    context: ExecutionContext
    times: int = 0


class Refusals:
    """The memory of one process. Safe for threads; bounded: beyond `MOST_KINDS` the oldest is written early."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty."""
        self._clock = clock
        self._counts: OrderedDict[Kind, _Count] = OrderedDict()
        self._lock = Lock()

    def note(self, kind: Kind) -> None:
        """Write the refusal, or count it when its like was written within the window."""
        now = self._clock()
        with self._lock:
            over = self._over(now)
            known = self._counts.get(kind)
            if known is not None:
                known.times += 1
            else:
                self._counts[kind] = _Count(now, replace(current(), deadline=None))  # its own time will be over
        for ended, count in over:
            _write(ended, count.times, count.context)
        if known is None:
            _write(kind, 1, current())

    def flush(self) -> None:
        """Write what was only counted so far and forget everything."""
        with self._lock:
            counted = [(kind, count) for kind, count in self._counts.items() if count.times]
            self._counts.clear()
        for kind, count in counted:
            _write(kind, count.times, count.context)

    def forget(self) -> None:
        """Drop everything unwritten; for tests."""
        with self._lock:
            self._counts.clear()

    def _over(self, now: float) -> list[tuple[Kind, _Count]]:
        ended = []
        while self._counts:
            kind, count = next(iter(self._counts.items()))
            if now - count.since < WINDOW_SECONDS and len(self._counts) < MOST_KINDS:
                break
            del self._counts[kind]
            if count.times:
                ended.append((kind, count))
        return ended


refusals: Final = Refusals()
atexit.register(refusals.flush)


def attribute(request: HttpRequest, admission: Admission) -> None:
    """Install who asks: audit entries, events and the log line of this request name it."""
    credential = admission.credential
    if credential is None:
        return
    context = replace(current(), actor=credential.actor, permissions=credential.permissions)
    install(context)
    request.rustok_scope = context  # type: ignore[attr-defined]  # for the log line, written after all scopes are closed


def note_refusal(error: DomainError, *, operation: str, admission: Admission | None) -> None:
    """Have a refusal in the audit log of the scope that was asked. Never raises."""
    here = current()
    credential = admission.credential if admission is not None else None
    doer = credential.actor.reference if credential is not None else here.actor.reference
    refusals.note(Kind(here.schema or "", error.code, error.name, operation, doer, network_of(here.address)))


def _write(kind: Kind, times: int, context: ExecutionContext) -> None:
    details = {"code": kind.code, "times": times, "credential": kind.credential}
    entry = AuditEntry(action=ACTION, target=kind.operation, outcome="refused", reason=kind.name, details=details)
    try:
        with use(context), unit_of_work() as uow:
            uow.audit(entry)
    except Exception as error:  # noqa: BLE001 - a refusal stays a refusal when the log cannot be written
        log_event("refusal.unwritten", level=logging.ERROR, code=kind.code, times=times, exc_info=error)
