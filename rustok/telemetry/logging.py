"""JSON logs, one object a line, with request, trace, tenant and actor taken from the execution context.

Our own lines come from `log_event`; records of the standard library (Django, Celery, libraries) take the same road.
An event is a name and facts, never a sentence: `log_event("order.placed", order_id=order.pk)`.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final, Literal, cast
from uuid import UUID

import orjson
import structlog
from structlog.dev import ConsoleRenderer
from structlog.processors import format_exc_info
from structlog.types import Processor

from rustok import context
from rustok.telemetry.metrics import observe_suppressed
from rustok.telemetry.redaction import redact_fields, redact_text
from rustok.telemetry.sampling import Burst

Format = Literal["json", "pretty"]
_RESERVED: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LONGEST_TRACEBACK: Final = 12_000
_QUIET: Final = (
    "django.db.backends",
    "urllib3",
    "amqp",
    "kombu",
    "asyncio",
    "faker",
    "parso",
    "celery.app.trace",  # two lines for each task: the relay runs every second, and metrics count it
    "celery.worker.strategy",
)


class LineWriter:
    """Writes whole lines to one binary stream; safe between threads; a dead stream never fails the caller."""

    def __init__(self, stream: BinaryIO) -> None:
        """Take the stream; it is flushed after each line."""
        self.stream = stream
        self._lock = threading.Lock()

    def write(self, line: bytes) -> None:
        """Write one line and its end."""
        with self._lock:
            try:
                self.stream.write(line + b"\n")
                self.stream.flush()
            except (OSError, ValueError):  # closed or full: losing a log line is better than losing a request
                return

    msg = debug = info = warning = error = critical = exception = fatal = log = write


_writer: Final = LineWriter(cast("BinaryIO", io.BufferedWriter(io.FileIO(2, "wb", closefd=False))))  # standard error


def _identify(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add who and where; empty facts are left out so that lines stay short."""
    here = context.current()
    event["timestamp"] = datetime.now(UTC)  # rendered natively by orjson, three times faster than isoformat
    if here.request_id:
        event["request_id"] = here.request_id
    if here.trace is not context.UNTRACED:
        event["trace_id"] = here.trace.trace_id
    if here.tenant is not None:
        event["tenant"] = here.tenant.slug
    elif here.platform:
        event["tenant"] = "platform"
    if here.actor.kind != "anonymous":
        event["actor"] = here.actor.reference
    return event


def _level(_logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.setdefault("level", "error" if method == "exception" else method)
    return event


def _bound(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep both ends of a very long traceback: the first cause stands on top, what was seen last at the bottom."""
    told = event.get("exception")
    if told is not None and len(told) > _LONGEST_TRACEBACK:
        half = _LONGEST_TRACEBACK // 2
        event["exception"] = f"{told[:half]}\n[… {len(told) - 2 * half} characters …]\n{told[-half:]}"
    return event


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return redact_fields(event)


def _primitive(value: Any) -> Any:
    """What orjson does not know by itself. Lazy texts and unknown objects become their text."""
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    return str(value)


def render_json(_logger: Any, _method: str, event: Mapping[str, Any]) -> bytes:
    """One JSON object; whatever cannot be represented becomes its `repr`, because a log call must not raise."""
    try:
        line = orjson.dumps(event, default=_primitive, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError):
        line = orjson.dumps({ascii(name)[1:-1]: _representable(value) for name, value in event.items()})
    text = line.decode()
    safe = redact_text(text)
    return line if safe is text else safe.encode()


def _representable(value: Any) -> Any:
    """The value, or its escaped `repr` when it has a lone surrogate, a huge number, a cycle."""
    try:
        orjson.dumps(value)
    except (TypeError, ValueError):
        return ascii(value)
    return value


_console = ConsoleRenderer(colors=False)


def _render_pretty(logger: Any, method: str, event: MutableMapping[str, Any]) -> bytes:
    event["timestamp"] = event["timestamp"].isoformat(timespec="milliseconds")
    return redact_text(_console(logger, method, event)).encode("utf-8", "backslashreplace")


Keep = Callable[[Mapping[str, Any], bytes], None]
_keepers: Final[list[Keep]] = []


def copy_to(keep: Keep | None) -> None:
    """Give every line, with the event that it renders, to `keep` as well; it must be quick. None ends that."""
    _keepers[:] = [] if keep is None else [keep]


def _copied(render: Processor) -> Processor:
    def rendered(logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
        line = render(logger, method, event)
        for keep in _keepers:
            keep(event, cast("bytes", line))
        return line

    return rendered


def _chain(log_format: Format) -> list[Processor]:
    render: Processor = _render_pretty if log_format == "pretty" else render_json
    return [_level, _identify, format_exc_info, _bound, _redact, _copied(render)]


def _tells_more(record: logging.LogRecord) -> bool:
    """Of Django's lines about answers only defects: every answer has its own line, `request.finished`."""
    return record.exc_info is not None


class StandardHandler(logging.Handler):
    """Sends records of the standard library through the processors of our own lines."""

    def __init__(self, chain: list[Processor], writer: LineWriter) -> None:
        """Use the chain whose last processor renders bytes."""
        super().__init__()
        self._chain = chain
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; extras are kept when they are plain values (a request object is not)."""
        if not _burst.admits(f"{record.levelname} {record.name} {record.msg}"[:200]):
            return
        try:
            self._writer.write(self._rendered(record))
        except Exception:  # noqa: BLE001 - the promise of logging.Handler: report, never raise
            self.handleError(record)

    def _rendered(self, record: logging.LogRecord) -> bytes:
        level = record.levelname.lower()
        event: Any = {"event": record.getMessage(), "level": level, "logger": record.name}
        for name, value in vars(record).items():
            if name not in _RESERVED and isinstance(value, (str, int, float, bool)):
                event[name] = value
        if record.exc_info:
            event["exc_info"] = record.exc_info
        for process in self._chain:
            event = process(None, level, event)
        rendered: bytes = event
        return rendered


def _tell_suppressed(key: str, lines: int) -> None:
    observe_suppressed(lines)
    _events.log(logging.WARNING, "log.suppressed", of=key, lines=lines)


_events: Any = structlog.get_logger()
_burst = Burst(0, _tell_suppressed)
_least = logging.NOTSET


def configure(
    *, level: str = "INFO", log_format: Format = "json", stream: BinaryIO | None = None, burst: int = 0
) -> None:
    """Install both roads into one stream (standard error by default). May be called again; the last call wins.

    Beyond `burst` lines of one event and level in a second, lines are counted and told as one (0: all are written).
    """
    if stream is not None:
        _writer.stream = stream
    chain = _chain(log_format)
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_args: _writer,
        cache_logger_on_first_use=False,
    )
    global _events, _burst, _least  # noqa: PLW0603 - bound once here, because binding costs more than the line itself
    _burst, _least = Burst(burst, _tell_suppressed), logging.getLevelNamesMapping()[level.upper()]
    _events = structlog.get_logger().bind()
    root = logging.getLogger()
    for handler in [found for found in root.handlers if isinstance(found, (StandardHandler, logging.StreamHandler))]:
        root.removeHandler(handler)
    root.addHandler(StandardHandler(chain, _writer))
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    requests = logging.getLogger("django.request")
    requests.filters[:] = [_tells_more]
    logging.captureWarnings(True)


def stream() -> BinaryIO:
    """Where lines go now."""
    return _writer.stream


def get_logger(name: str = "rustok") -> Any:
    """A structlog logger bound to the name of the part that speaks."""
    return structlog.get_logger().bind(logger=name)


def log_event(name: str, /, *, level: int = logging.INFO, **facts: Any) -> None:
    """Write one fact, for example `log_event("delivery.parked", endpoint=pk, attempts=5)`.

    `name` is `<thing>.<past tense>`. Costs 9 to 18 microseconds; nothing when the level is off.
    """
    if level >= _least and _burst.admits(f"{level} {name}"):
        _events.log(level, name, **facts)
