"""Bodies: what is JSON here, and what is refused before anybody looks at it."""

from __future__ import annotations

import contextlib
import io
import json

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from rustok.errors.families import BodyTooLarge, MalformedBody, UnsupportedMediaType
from rustok.wire.parsing import MAX_DEPTH, parse_json, read_body, require_json

BIG = 2**63

GOOD = {
    "empty object": (b"{}", {}),
    "escaped text": (rb'{"a": "\u00e9\\u0000"}', {"a": "\u00e9\\u0000"}),
    "largest bigint": (b"[9223372036854775807]", [BIG - 1]),
    "smallest bigint": (b"[-9223372036854775808]", [-BIG]),
    "same name twice, the last wins": (b'{"a": 1, "a": 2}', {"a": 2}),
    "as deep as allowed": (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)),
}
BAD = {
    "nothing": b"",
    "cut": b'{"a": ',
    "trailing comma": b"[1,]",
    "two values": b"{} {}",
    "single quotes": b"{'a': 1}",
    "NaN": b"[NaN]",
    "Infinity": b"[-Infinity]",
    "invalid UTF-8": b'["\xff"]',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "lone surrogate": rb'["\ud800"]',
    "raw NUL": b'["\x00"]',
    "escaped NUL": rb'["\u0000"]',
    "escaped NUL in a name": rb'{"\u0000": 1}',
    "beyond bigint": b"[9223372036854775808]",
    "beyond bigint, negative": b"[-9223372036854775809]",
    "beyond 64 bits": b"[123456789012345678901234567890]",
    "huge exponent": b"[1e400]",
    "large real": b"[1e19]",
    "too deep": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "absurdly deep": b"[" * 100_000,
    "absurdly deep, closed": b"[" * 100_000 + b"]" * 100_000,
}


@pytest.mark.parametrize(("raw", "expected"), GOOD.values(), ids=GOOD)
def test_documents_within_the_limits_are_read(raw, expected):
    assert parse_json(raw) == expected


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD)
def test_documents_beyond_them_are_malformed(raw):
    with pytest.raises(MalformedBody):
        parse_json(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_but_never_crash(raw):
    with contextlib.suppress(MalformedBody):
        parse_json(raw)


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-BIG, BIG - 1)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
)
_DOCUMENTS = st.recursive(
    _SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner), max_leaves=20
)


@given(_DOCUMENTS)
def test_what_json_writes_is_read_back_unchanged(document):
    assert parse_json(json.dumps(document).encode()) == document


def post(body: bytes, **headers):
    return RequestFactory().post("/", body, content_type="application/json", **headers)


def test_body_of_exactly_the_limit_is_read():
    assert read_body(post(b"x" * 10), limit=10) == b"x" * 10


def test_larger_body_is_refused_without_keeping_it():
    with pytest.raises(BodyTooLarge) as refused:
        read_body(post(b"x" * 11), limit=10)

    assert refused.value.context["limit"] == 10


def chunked(body: bytes, *, terminated: bool = True):
    request = post(b"")
    request.META |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": io.BytesIO(body)}
    request.META["wsgi.input_terminated"] = terminated
    return request


def test_body_without_a_length_is_read():
    assert read_body(chunked(b"abc"), limit=10) == b"abc"


def test_body_without_a_length_has_the_same_limit():
    with pytest.raises(BodyTooLarge):
        read_body(chunked(b"x" * 1_000_000), limit=10)


def test_body_without_a_length_needs_a_server_that_ends_it():
    with pytest.raises(MalformedBody):
        read_body(chunked(b"abc", terminated=False), limit=10)


@pytest.mark.parametrize(
    "media", ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
)
def test_json_types_are_read(media):
    require_json(RequestFactory().post("/", b"{}", content_type=media))


@pytest.mark.parametrize(
    "media", ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "json"]
)
def test_other_types_are_unsupported(media):
    with pytest.raises(UnsupportedMediaType):
        require_json(RequestFactory().generic("POST", "/", b"{}", content_type=media))
