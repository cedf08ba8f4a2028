"""Spans of one test, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from rustok.telemetry import provider
from rustok.telemetry.provider import Tracing


class Recorded:
    """What was recorded so far, in order of ending."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    @property
    def all(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.all]

    def only(self, name: str) -> ReadableSpan:
        [found] = [span for span in self.all if span.name == name]
        return found

    def parent_of(self, name: str) -> str:
        """The name of the span that `name` belongs to, or the id of one that is not from here."""
        parent = self.only(name).parent
        assert parent is not None
        known = {span.context.span_id: span.name for span in self.all}
        return known.get(parent.span_id, f"{parent.span_id:016x}")

    def roots(self) -> set[str]:
        """The names of the spans whose parent was not recorded here."""
        known = {span.context.span_id for span in self.all}
        return {span.name for span in self.all if span.parent is None or span.parent.span_id not in known}


@contextmanager
def recording(*, ratio: float = 1.0) -> Iterator[Recorded]:
    """Trace into memory inside the block."""
    exporter = InMemorySpanExporter()
    provider.configure(Tracing(ratio=ratio), processors=[SimpleSpanProcessor(exporter)])
    try:
        yield Recorded(exporter)
    finally:
        provider.configure(None)
