"""An OpenTelemetry collector of one test: takes OTLP over HTTP, decodes the protobuf, remembers the spans."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """What arrived. `hold` makes it take requests and answer none."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    hold: threading.Event | None = None
    requests: int = 0

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def wait_for(self, name: str, count: int, *, seconds: float) -> list[Span]:
        """The spans of this name, once there are so many or the time is up."""
        until = time.monotonic() + seconds
        while len(self.named(name)) < count and time.monotonic() < until:
            time.sleep(0.05)
        return self.named(name)

    def take(self, body: bytes) -> None:
        message = ExportTraceServiceRequest.FromString(body)
        for batch in message.resource_spans:
            named = {one.key: one.value.string_value for one in batch.resource.attributes}
            self.services.add(named["service.name"])
            self.spans += [span for scope in batch.scope_spans for span in scope.spans]


@contextmanager
def collector(*, hold: threading.Event | None = None) -> Iterator[Collector]:
    """Listen on a free port of this machine inside the block."""
    found = Collector(hold=hold)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            found.requests += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if found.hold is not None:
                found.hold.wait(20)
            found.take(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield found
    finally:
        if hold is not None:
            hold.set()
        server.shutdown()
        server.server_close()
