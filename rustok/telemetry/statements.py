"""Slow database statements as spans: a span of every statement would cost more than many of them take."""

from __future__ import annotations

import math
import time
from typing import Any, Final

from rustok.telemetry.tracing import Kind, took

LONGEST_TEXT: Final = 480  # characters of the statement; values are placeholders and never in it
_limit: Final = {"seconds": math.inf}


def configure(seconds: float | None) -> None:
    """Tell of statements that take at least so long; None: of none."""
    _limit["seconds"] = math.inf if seconds is None else seconds


def seen(statement: Any, started: float) -> None:
    """Take note of a statement that began at `started` (`time.perf_counter`) and has just ended. About 0.2 us."""
    seconds = time.perf_counter() - started
    if seconds >= _limit["seconds"]:
        text = " ".join(str(statement).split())
        verb = text.partition(" ")[0].upper()[:20]
        about = {"db.system.name": "postgresql", "db.operation.name": verb, "db.query.text": text[:LONGEST_TEXT]}
        took(f"SQL {verb}", seconds, kind=Kind.CLIENT, about=about)
