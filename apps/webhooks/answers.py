"""One HTTP/1.1 answer, read piece by piece as it comes (RFC 9112), without a buffer that an enemy could fill.

Why no general parser: `http.client` reads from a blocking file and costs some 100 µs per answer, a third of a delivery.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_HEAD: Final = 65_536  # bytes of status line and headers
REMEMBERED: Final = 1_024  # bytes of a head that may be kept, in case the same one comes again
MAX_BODY: Final = 65_536  # bytes of a body that are read at all
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?")
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
_NO_BODY: Final = frozenset({204, 304})


class MalformedAnswer(Exception):
    """What came is no HTTP answer."""


class AnswerReader:
    """Feed it what arrives; `complete` says when the answer is there."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.status = 0
        self.retry_after: str | None = None
        self.complete = False
        self.reusable = False
        self._buffer = bytearray()
        self._body = bytearray()
        self._left: int | None = 0  # bytes of the body to come; None: until the connection closes
        self._chunked = False

    @property
    def has_begun(self) -> bool:
        """Whether any byte came."""
        return bool(self.status or self._buffer)

    @property
    def body(self) -> bytes:
        """What was read of the body, at most MAX_BODY bytes."""
        return bytes(self._body[:MAX_BODY])

    def feed(self, data: bytes) -> None:
        """Take what arrived; raises MalformedAnswer."""
        self._buffer += data
        while not self.status:
            if not self._read_head():
                return
        if self._chunked:
            self._read_chunks()
        else:
            self._read_plain()
        if len(self._body) > MAX_BODY:
            self.complete, self.reusable = True, False

    def end(self) -> None:
        """The other side closed the connection; raises MalformedAnswer when the answer was not complete."""
        if not self.status or self._chunked or self._left is not None:
            raise MalformedAnswer("the receiver closed the connection")
        self.complete, self.reusable = True, False

    def _read_head(self) -> bool:
        """Read one head; interim answers (1xx) are passed over."""
        blank = _BLANK.search(self._buffer)
        if blank is None:
            self._check_beginning()
            return False
        text = bytes(self._buffer[: blank.start()])
        del self._buffer[: blank.end()]
        head = _remembered(text) if len(text) <= REMEMBERED else _parsed(text)
        if head.status >= 200:
            self.status, self.retry_after, self.reusable = head.status, head.retry_after, head.keeps
            self._left, self._chunked = head.length, head.chunked
        return True

    def _check_beginning(self) -> None:
        begun = bytes(self._buffer[:7])
        if len(self._buffer) > MAX_HEAD or not (b"HTTP/1.".startswith(begun) or begun == b"HTTP/1."):
            raise MalformedAnswer("the answer is no HTTP")

    def _read_plain(self) -> None:
        if self._left is None:
            self._body += self._buffer
            self._buffer.clear()
            return
        part = self._buffer[: self._left]
        del self._buffer[: self._left]
        self._body += part
        self._left -= len(part)
        if not self._left:
            self.complete = True
            self.reusable = self.reusable and not self._buffer

    def _read_chunks(self) -> None:
        """Whole chunks only; the buffer holds at most one unfinished one, or trailer, bounded by MAX_BODY."""
        while not self.complete and (end := self._buffer.find(b"\n")) >= 0:
            size = _SIZE.fullmatch(bytes(self._buffer[:end]).rstrip(b"\r"))
            if size is None:
                raise MalformedAnswer("the answer's chunks are unreadable")
            length = int(size[1], 16)
            if not length:
                self._read_trailer(end + 1)
                break
            if len(self._buffer) < end + 1 + length + 2:
                break
            self._body += self._buffer[end + 1 : end + 1 + length]
            del self._buffer[: end + 1 + length + 2]
        if not self.complete and len(self._buffer) > MAX_BODY:
            self._body += self._buffer

    def _read_trailer(self, start: int) -> None:
        tail = bytes(self._buffer[start:])
        if tail in (b"\r\n", b"\n") or _BLANK.search(tail):
            self.complete = True
            self.reusable = self.reusable and tail in (b"\r\n", b"\n")


@dataclass(frozen=True, slots=True)
class _Head:
    """What a head says. `length` None: the body ends with the connection."""

    status: int
    retry_after: str | None
    length: int | None
    chunked: bool
    keeps: bool


def _parsed(text: bytes) -> _Head:
    """Read the status line and the fields; raises MalformedAnswer."""
    first, *lines = text.replace(b"\r\n", b"\n").split(b"\n")
    found = _STATUS.fullmatch(first)
    if found is None or found[2] == b"101":
        raise MalformedAnswer("the answer is no HTTP")
    status, keeps, chunked, retry_after = int(found[2]), found[1] == b"1", False, None
    lengths: set[bytes] = set()
    for line in lines if status >= 200 else ():
        name, colon, value = line.partition(b":")
        if not colon:
            raise MalformedAnswer("the answer is no HTTP")
        match name.lower():
            case b"content-length":
                lengths.add(value.strip())
            case b"transfer-encoding":
                chunked = value.strip().lower().endswith(b"chunked")
            case b"connection":
                keeps = b"close" not in value.lower() and (keeps or b"keep-alive" in value.lower())
            case b"retry-after":
                retry_after = value.strip().decode("latin-1")
    if status in _NO_BODY:
        return _Head(status, retry_after, 0, False, keeps)
    return _Head(status, retry_after, _length(lengths), chunked, keeps)


# A receiver answers one post like the next, its clock apart.
_remembered: Final = lru_cache(maxsize=256)(_parsed)


def _length(lengths: set[bytes]) -> int | None:
    if not lengths:
        return None
    (text, *others) = lengths
    if others or not (text.isascii() and text.isdigit() and len(text) < 16):
        raise MalformedAnswer("the answer's length is unreadable")
    return int(text)
