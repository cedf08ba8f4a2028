"""Reading JSON bodies (RFC 8259) with limits: size, depth, numbers, encoding, NUL. Duplicate names: the last one wins.

orjson already refuses invalid UTF-8, byte order marks, lone surrogates, NaN and Infinity, and anything after the value.
"""

from __future__ import annotations

import re
from typing import IO, Any, Final

import orjson
from django.http import HttpRequest, UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser

from rustok.config import config
from rustok.errors.families import BodyTooLarge, MalformedBody, UnsupportedMediaType

MAX_DEPTH: Final = 32
BIGINT_MAX: Final = 2**63 - 1
# An answer that is sent while the client still sends is lost on many clients, so a little too much is read and dropped.
DRAIN_LIMIT: Final = 32 * 1024 * 1024
_CHUNK: Final = 65_536
_JSON_TYPE: Final = re.compile(r"application/(?:json|[a-z0-9.!#$&^_-]+\+json)", re.IGNORECASE)
_UTF8: Final = re.compile(r"""charset\s*=\s*"?utf-?8"?""", re.IGNORECASE)
_LONG_NUMBER: Final = re.compile(rb"[0-9]{19}|[0-9][eE]")


def read_body(request: HttpRequest, *, limit: int | None = None) -> bytes:
    """The whole body; raises BodyTooLarge before more than `limit` bytes (default: the configured one) are kept."""
    limit = config().body_limit if limit is None else limit
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return _read_chunked(request, limit)
    declared = request.META.get("CONTENT_LENGTH") or "0"
    length = int(declared) if declared.isdecimal() else 0
    if length > limit:
        _drain(request, length)
        raise BodyTooLarge(limit=limit)
    try:
        return request.body if length else b""
    except UnreadablePostError as error:
        raise MalformedBody(reason=_("it ends early")) from error


def _read_chunked(request: HttpRequest, limit: int) -> bytes:
    """A body without a length (RFC 9112 section 7.1), which Django takes for an empty one."""
    stream = request.META.get("wsgi.input")
    if stream is None or not request.META.get("wsgi.input_terminated"):
        raise MalformedBody(reason=_("its length is not given"))
    raw: bytes = stream.read(limit + 1)
    if len(raw) <= limit:
        return raw
    left = DRAIN_LIMIT
    while left > 0 and stream.read(_CHUNK):
        left -= _CHUNK
    raise BodyTooLarge(limit=limit)


def _drain(request: HttpRequest, length: int) -> None:
    left = length if length <= DRAIN_LIMIT else 0
    try:
        while left > 0:
            piece = request.read(min(_CHUNK, left))
            if not piece:
                return
            left -= len(piece)
    except UnreadablePostError:
        return


def require_json(request: HttpRequest) -> None:
    """Raise UnsupportedMediaType unless the body is declared as JSON in UTF-8."""
    media, _semicolon, parameters = request.META.get("CONTENT_TYPE", "").partition(";")
    if not _JSON_TYPE.fullmatch(media.strip()):
        raise UnsupportedMediaType(expected="application/json")
    if "charset" in parameters.lower() and not _UTF8.search(parameters):
        raise UnsupportedMediaType(expected="application/json; charset=utf-8")


def parse_json(raw: bytes) -> Any:
    """The document; raises MalformedBody for whatever is not JSON or beyond the limits of this module."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        # The parser's own words quote no input, but they change between versions: say where, in our words.
        reason = _("line %(line)s, column %(column)s") % {"line": error.lineno, "column": error.colno}
        raise MalformedBody(reason=reason if raw else _("it is empty")) from None
    if b"\\u0000" in raw or raw.count(b"[") + raw.count(b"{") > MAX_DEPTH or _LONG_NUMBER.search(raw):
        _inspect(document)
    return document


def _inspect(document: Any) -> None:
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH and any(isinstance(value, (dict, list)) for value in level):
            raise MalformedBody(reason=_("it is nested too deeply"))
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            else:
                _check_scalar(value)
        level = below


def _check_scalar(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise MalformedBody(reason=_("a text contains the NUL character"))
    elif isinstance(value, float):
        # orjson turns integers beyond 64 bits into floats, silently losing digits.
        if abs(value) > BIGINT_MAX:
            raise MalformedBody(reason=_("a number is too large"))
    elif isinstance(value, int) and not -BIGINT_MAX - 1 <= value <= BIGINT_MAX:
        raise MalformedBody(reason=_("a number is too large"))


class OrjsonParser(BaseParser):
    """The same rules for views of the REST framework that are no `Endpoint`."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], *_context: Any, **_more: Any) -> Any:
        """Read and parse the stream."""
        limit = config().body_limit
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise BodyTooLarge(limit=limit)
        return parse_json(raw)
