"""One post as a span of the trace that its event was recorded in: the receiver is told this span as its parent."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from rustok.telemetry.propagation import headers_of, received
from rustok.telemetry.tracing import Kind, span


class Post:
    """One attempt. The address' path stays out of the span: with many receivers it is the secret."""

    def __init__(self, message_id: str, headers: Mapping[str, str]) -> None:
        """`headers` are those of the event's trace: traceparent, tracestate, baggage."""
        self._parent = received(headers)
        self._id = message_id
        self._work: span | None = None

    def begin(self, url: str) -> dict[str, str]:
        """The trace headers to send."""
        if self._parent is None:
            return {}
        address = urlsplit(url)
        self._work = span(
            "POST webhook",
            kind=Kind.CLIENT,
            about={
                "http.request.method": "POST",
                "server.address": address.hostname or "",
                "server.port": address.port or (443 if address.scheme == "https" else 80),
                "messaging.message.id": self._id,
            },
        )
        return headers_of(self._work.open(self._parent))

    def end(self, status: int | None, refusal: str) -> None:
        """How it ended: the answer's status, None without one, and why it counts as refused."""
        if self._work is None:
            return
        if status is not None:
            self._work.note({"http.response.status_code": status})
        if refusal:
            self._work.fail(refusal[:120])
        self._work.close()
