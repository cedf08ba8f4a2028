"""Which spans this process records, and where they go.

`configure` says it once, at start; everything is built at the first span, after any fork, so that no thread, socket or
queue of a parent process is shared with its children. Spans go to the installation's ring in Valkey, and with
OpenTelemetry's SDK (resource, spans, OTLP over HTTP) to a collector when one is named.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.util import Finalize
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExportResult

from rustok import __version__
from rustok.telemetry import ring
from rustok.telemetry.propagation import sample_ratio
from rustok.telemetry.shipping import Shipper
from rustok.telemetry.spans import LiveSpan, grouped, readable

FLUSH_SECONDS: Final = 2.0  # what ending a process may take longer for what it has not sent yet
OTLP_TIMEOUT: Final = 5.0  # seconds of one request to the collector, its repetitions included


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """What is traced and where it goes. `buffer` is the number of traces in the ring, `endpoint` an OTLP base URL."""

    ratio: float = 1.0
    buffer: int = 0
    endpoint: str = ""
    environment: str = "development"


class _Process:
    """What was configured, and what this process made of it."""

    def __init__(self) -> None:
        self.wanted: Tracing | None = None
        self.processors: Sequence[SpanProcessor] = ()
        self.shippers: list[Shipper] | None = None
        self.lock = threading.Lock()


_process: Final = _Process()
_endings: Final[list[Callable[[float], Any]]] = []


def configure(wanted: Tracing | None, *, processors: Sequence[SpanProcessor] = ()) -> None:
    """Trace from now on as wanted; None, or nowhere to send spans to, turns tracing off. The last call wins.

    `processors` are further ones of OpenTelemetry's: they see every span at once, in the thread that ends it.
    """
    useful = wanted is not None and (wanted.buffer > 0 or bool(endpoint_of(wanted)) or bool(processors))
    _process.wanted, _process.processors = wanted if useful else None, processors
    _process.shippers = None
    sample_ratio(wanted.ratio if wanted is not None else 1.0)
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)


def is_on() -> bool:
    """Whether sampled work is recorded here."""
    return _process.wanted is not None


def finished(span: LiveSpan) -> None:
    """Take a span that has ended; it is sent in the background. About a microsecond."""
    wanted = _process.wanted
    if wanted is None:
        return
    shippers = _process.shippers
    for shipper in shippers if shippers is not None else _build(wanted):
        shipper.put(span)
    for processor in _process.processors:
        processor.on_end(readable(span, _resource(wanted)))


def at_flush(end: Callable[[float], Any]) -> None:
    """Call this too, with the seconds that it may take, when the process ends."""
    _endings.append(end)


def flush(seconds: float = FLUSH_SECONDS) -> None:
    """Send what waits; returns after about `seconds` at the latest, whatever a collector does."""
    ends = [*_endings, *(shipper.flush for shipper in _process.shippers or ())]
    for end in ends:
        end(seconds / len(ends))


def _build(wanted: Tracing) -> list[Shipper]:
    with _process.lock:
        if _process.shippers is None:
            _process.shippers = _shippers(wanted)
        return _process.shippers


def _shippers(wanted: Tracing) -> list[Shipper]:
    found = []
    if wanted.buffer > 0:
        kept = ring.traces()
        found.append(Shipper("traces", lambda spans: kept.write(grouped(spans))))
    if endpoint := endpoint_of(wanted):
        exporter, resource = OTLPSpanExporter(endpoint=endpoint, timeout=OTLP_TIMEOUT), _resource(wanted)
        found.append(Shipper("otlp", lambda spans: _export(exporter, [readable(span, resource) for span in spans])))
    return found


def _export(exporter: OTLPSpanExporter, spans: Sequence[ReadableSpan]) -> None:
    if exporter.export(spans) is not SpanExportResult.SUCCESS:
        raise ConnectionError("the collector did not take the spans")


def endpoint_of(wanted: Tracing) -> str:
    """The full address of the traces signal; the standard variables count where ours is not set."""
    if wanted.endpoint:
        base = wanted.endpoint.rstrip("/")
        return base if base.endswith("/v1/traces") else f"{base}/v1/traces"
    if full := os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""):
        return full
    base = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").rstrip("/")
    return f"{base}/v1/traces" if base else ""


def _resource(wanted: Tracing) -> Resource:
    """Who sends. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` add to it and win.

    `Resource.create` is asked for them only: it looks through every installed package, a fifth of a second per process.
    """
    ours = Resource(
        {
            "service.name": "rustok",
            "service.version": __version__,
            "process.pid": os.getpid(),
            "deployment.environment.name": wanted.environment,
        }
    )
    told = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", ""), os.environ.get("OTEL_SERVICE_NAME", "")
    if not any(told):
        return ours
    named = "service.name=" in told[0] or told[1]
    added = {name: value for name, value in Resource.create().attributes.items() if named or name != "service.name"}
    return ours.merge(Resource(added))


def _after_fork() -> None:
    """A child begins anew: threads, locks and sockets stay with the parent."""
    _process.shippers, _process.lock = None, threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
# Not only `atexit`: processes of `multiprocessing` (the web server's workers) end without it, but not without this.
Finalize(None, flush, exitpriority=10)
