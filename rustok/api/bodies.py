"""Request bodies are read before a request takes a place among those that work, at the cost of whoever sends them.

A sender that gives one byte every few seconds would else hold a place for as long as it likes: eight of them, and
nobody is served. Here it holds a thread, of which one address gets a share and all slow senders together another; the
rest goes on serving. No body is longer than `RUSTOK_BODY_LIMIT`, forms and files included.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.utils.translation import gettext as _

from rustok.api.addresses import address_of, network_of
from rustok.config import config
from rustok.errors.families import BodyTooLarge, MalformedBody
from rustok.wire.parsing import DRAIN_LIMIT

MOST: Final = 96
MOST_OF_ONE: Final = 24
PATIENCE: Final = 0.5
SLOW_SECONDS: Final = 1.0
_CHUNK: Final = 65_536


class NoReader(Exception):
    """Too many bodies are on their way, or too many slow ones of this sender."""


class BodyReaders:
    """How many bodies of one process are on their way. Thread-safe; about 3 µs for a body that is there."""

    def __init__(
        self, *, most: int = MOST, most_of_one: int = MOST_OF_ONE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """At most `most` at once, `most_of_one` of one address (IPv6: of one /64). The server needs more threads."""
        self._most, self._most_of_one, self._clock = most, most_of_one, clock
        self._changed = threading.Condition()
        self._begun: dict[int, tuple[str, float]] = {}
        self._number = 0

    def take(self, environ: dict[str, Any]) -> None:
        """Replace the stream of a WSGI environment by the bytes that it gives.

        Raises NoReader, BodyTooLarge (what follows is dropped, up to DRAIN_LIMIT) and MalformedBody (it ended early).
        """
        chunked = "HTTP_TRANSFER_ENCODING" in environ
        declared = str(environ.get("CONTENT_LENGTH") or "0")
        length = int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 20 else 0
        if not (length or chunked):
            return
        with self._reading(network_of(address_of(environ))):
            raw = _read(environ["wsgi.input"], None if chunked else length)
        environ["wsgi.input"] = io.BytesIO(raw)
        if chunked:
            del environ["HTTP_TRANSFER_ENCODING"]
            environ["CONTENT_LENGTH"] = str(len(raw))

    @contextmanager
    def _reading(self, address: str) -> Iterator[None]:
        with self._changed:
            until = self._clock() + PATIENCE
            while not self._has_room(address):
                left = until - self._clock()
                if left <= 0 or self._is_slow(address) or not self._changed.wait(left):
                    raise NoReader
            self._number += 1
            mine = self._number
            self._begun[mine] = (address, self._clock())
        try:
            yield
        finally:
            with self._changed:
                del self._begun[mine]
                self._changed.notify()

    def _has_room(self, address: str) -> bool:
        if len(self._begun) < min(self._most, self._most_of_one):
            return True
        return len(self._begun) < self._most and self._of(address) < self._most_of_one

    def _is_slow(self, address: str) -> bool:
        """Whether waiting is in vain: half of what this sender may have has been on its way for long."""
        return 2 * self._of(address, older=SLOW_SECONDS) >= self._most_of_one

    def _of(self, address: str, older: float = 0.0) -> int:
        before = self._clock() - older
        return sum(1 for sender, since in self._begun.values() if sender == address and since <= before)


def _read(stream: Any, length: int | None) -> bytes:
    """So many bytes, or all that come."""
    limit = config().body_limit
    if length is not None and length <= limit:
        raw: bytes = stream.read(length)
        if len(raw) < length:
            raise MalformedBody(reason=_("it ends early"))
        return raw
    raw = stream.read(limit + 1) if length is None else b""
    if length is None and len(raw) <= limit:
        return raw
    left = DRAIN_LIMIT if length is None or length <= DRAIN_LIMIT else 0
    while left > 0 and stream.read(min(_CHUNK, left)):
        left -= _CHUNK
    raise BodyTooLarge(limit=limit)
