"""One post as a span of the trace that its event was recorded in: the receiver is told this span as its parent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.webhooks.addresses import Target
from rustok.context import Trace
from rustok.telemetry.propagation import headers_of
from rustok.telemetry.tracing import Kind, span


def described(target: Target) -> dict[str, Any]:
    """What the spans of all posts to a receiver say. Not its path: with many receivers that is the secret."""
    return {"http.request.method": "POST", "server.address": target.host, "server.port": target.port}


class Post:
    """One attempt."""

    __slots__ = ("_parent", "_work")

    def __init__(self, parent: Trace | None) -> None:
        """`parent` is the span that recorded the event; None: nobody is told anything."""
        self._parent = parent
        self._work: span | None = None

    def begin(self, about: Mapping[str, Any], message_id: str) -> dict[str, str]:
        """The trace headers to send."""
        if self._parent is None:
            return {}
        work = self._work = span("POST webhook", kind=Kind.CLIENT, about=about)
        trace = work.open(self._parent)
        if work.is_recorded:
            work.note({"messaging.message.id": message_id})
        return headers_of(trace)

    def end(self, status: int | None, refusal: str) -> None:
        """How it ended: the answer's status, None without one, and why it counts as refused."""
        work = self._work
        if work is None:
            return
        if status is not None and work.is_recorded:
            work.note({"http.response.status_code": status})
        if refusal:
            work.fail(refusal[:120])
        work.close()
