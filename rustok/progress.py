"""Progress of long work on a command line: a bar on a terminal, a plain line now and then elsewhere (logs, CI).

    with progress("replaying baskets", total=1200) as bar:
        for basket in baskets:
            ...
            bar.advance()

Writes to stderr, so that a command's facts on stdout stay clean. Costs a clock reading per step.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final, TextIO

BAR_WIDTH: Final = 28
_BETWEEN_FRAMES: Final = 0.1  # seconds, on a terminal
_BETWEEN_LINES: Final = 5.0  # seconds, elsewhere


class ProgressBar:
    """How far one piece of work is. `total` 0 means unknown: then only the count is shown. Threads may share it."""

    def __init__(self, title: str, *, total: int, stream: TextIO) -> None:
        """Start the clock; nothing is shown yet."""
        self.title = title
        self.total = total
        self.done = 0
        self.note = ""
        self._stream = stream
        self._live = stream.isatty()
        self._started = time.monotonic()
        self._shown_at = self._started if not self._live else 0.0
        self._lock = Lock()

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        """Count `steps` as done; show it unless that was just done. `note` stands at the end of the line."""
        with self._lock:
            self.done += steps
            self.note = note or self.note
            now = time.monotonic()
            if now - self._shown_at >= (_BETWEEN_FRAMES if self._live else _BETWEEN_LINES):
                self._shown_at = now
                self._show("\r" if self._live else "", "" if self._live else "\n")

    def finish(self) -> None:
        """Show the final state on a line of its own."""
        self._show("\r" if self._live else "", "\n")

    def _show(self, before: str, after: str) -> None:
        seconds = time.monotonic() - self._started
        rate = f"{self.done / seconds:.0f}/s" if seconds > 0 else ""
        facts = [f"{self.title}:", self._bar(), f"{seconds:.0f} s", rate, self.note]
        line = " ".join(fact for fact in facts if fact)
        erase = "\x1b[K" if self._live else ""
        self._stream.write(f"{before}{line}{erase}{after}")
        self._stream.flush()

    def _bar(self) -> str:
        if not self.total:
            return f"{self.done:,}"
        share = min(1.0, self.done / self.total)
        counts = f"{self.done:,}/{self.total:,} {share:4.0%}"
        if not self._live:
            return counts
        filled = round(share * BAR_WIDTH)
        return f"[{'█' * filled}{'·' * (BAR_WIDTH - filled)}] {counts}"


@contextmanager
def progress(title: str, *, total: int = 0, stream: TextIO | None = None) -> Iterator[ProgressBar]:
    """Show the progress of the block on `stream` (stderr), and its last state even when the block fails."""
    bar = ProgressBar(title, total=total, stream=stream or sys.stderr)
    try:
        yield bar
    finally:
        bar.finish()
