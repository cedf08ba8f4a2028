"""The trace of a task: its headers travel with the message, publishing and running are spans.

Headers in, headers out as on HTTP (`rustok.telemetry.propagation`). A task that a running task sends, or that Celery
sends for it (chains, retries), goes on in the trace of that task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from celery import current_task

from rustok import context
from rustok.context import Trace
from rustok.telemetry.propagation import HEADERS, begun, continued, headers_of, received
from rustok.telemetry.tracing import Kind, span

if TYPE_CHECKING:  # Celery's class knows no parameters while it runs
    from celery.app.task import Task as CeleryTask

    Task = CeleryTask[Any, Any]
else:
    from celery.app.task import Task

QUIET_SECONDS: Final = 60.0
"""A periodic task that runs more often than this is not traced for its own sake: it would fill the buffer."""


class TracedTask(Task):
    """Publishes inside a span, with the headers of the trace."""

    abstract = True

    def apply_async(  # type: ignore[override]  # the stubs name every option; they all pass through
        self, args: Any = None, kwargs: Any = None, **options: Any
    ) -> Any:
        """As Celery's, with the active trace in the message's headers."""
        here = context.current().trace
        if here is context.UNTRACED:
            here = _of_running() or here
        work = span(f"publish {self.name}", kind=Kind.PRODUCER, about=described(self.name, operation="send"))
        inner = work.open(here)
        options["headers"] = {**(options.get("headers") or {}), **headers_of(inner)}
        error: BaseException | None = None
        try:
            return super().apply_async(args, kwargs, **options)
        except BaseException as failure:
            error = failure
            raise
        finally:
            work.close(error)


def described(name: str, *, operation: str = "process") -> dict[str, Any]:
    """What the spans of a task say (OpenTelemetry's messaging conventions)."""
    about: dict[str, Any] = {
        "messaging.system": "celery",
        "messaging.destination.name": name,
        "messaging.operation.type": operation,
    }
    request = _request()
    if operation == "process" and request is not None:
        about |= {"messaging.message.id": request.id or "", "rustok.retries": request.retries}
    return about


def arriving_trace(every: float | None) -> Trace:
    """The trace of the message being run, or a new one; `every` is the seconds between runs of a beat's task."""
    headers = _headers()
    if not headers and every is not None and every < QUIET_SECONDS:
        return Trace.new(sampled=False)
    return continued(headers) if headers else begun()


def _of_running() -> Trace | None:
    """The trace of the task under way, where its function has ended already: Celery publishes the rest of a chain."""
    headers = _headers()
    return received(headers) if headers else None


def _request() -> Any:
    """Celery's view of the message under way, or None; `current_task` is a proxy that may stand for nothing."""
    running: Any = current_task
    return running.request if running else None


def _headers() -> dict[str, str]:
    """What the message brought; it may come from anywhere, so everything is parsed again."""
    request = _request()
    given = getattr(request, "headers", None) or {}
    found = {name: given.get(name, getattr(request, name, None)) for name in HEADERS}
    return {name: value for name, value in found.items() if isinstance(value, str)}
