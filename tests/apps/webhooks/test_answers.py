"""Answers as receivers send them: whole, in pieces, endless, malformed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.webhooks.answers import MAX_BODY, MAX_HEAD, AnswerReader, MalformedAnswer

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n6;x=y\r\npedia \r\n0\r\n\r\n"
WHOLE = {
    "length": (OK + b"Content-Length: 2\r\n\r\nhi", 200, b"hi", True),
    "empty": (OK + b"content-length: 0\r\n\r\n", 200, b"", True),
    "204": (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, b"", True),
    "chunked": (CHUNKED, 200, b"Wikipedia ", True),
    "trailer": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n", 200, b"", False),
    "close": (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False),
    "1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False),
    "1.0 kept": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", 200, b"", True),
    "interim": (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n", 200, b"", True),
    "no reason": (b"HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", 503, b"", True),
    "bare line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", 200, b"hi", True),
    "more than promised": (OK + b"Content-Length: 2\r\n\r\nhi there", 200, b"hi", False),
}


@pytest.mark.parametrize(("text", "status", "body", "reusable"), WHOLE.values(), ids=WHOLE)
def test_answer_is_read(text, status, body, reusable):
    reader = AnswerReader()
    reader.feed(text)

    assert (reader.complete, reader.status, reader.body, reader.reusable) == (True, status, body, reusable)


@given(st.sampled_from([WHOLE["length"], WHOLE["chunked"], WHOLE["interim"]]), st.lists(st.integers(1, 9)))
def test_pieces_make_the_same_answer(case, sizes):
    text, status, body, _reusable = case
    reader = AnswerReader()
    for size in [*sizes, len(text)]:
        piece, text = text[:size], text[size:]
        reader.feed(piece)

    assert (reader.complete, reader.status, reader.body) == (True, status, body)


def test_answer_without_a_length_ends_with_the_connection():
    reader = AnswerReader()
    reader.feed(OK + b"\r\nhello")
    assert not reader.complete

    reader.end()
    assert (reader.complete, reader.body, reader.reusable) == (True, b"hello", False)


@pytest.mark.parametrize(
    "text",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nhi",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"X: " + b"y" * MAX_HEAD,
    ],
)
def test_malformed_answer_is_refused(text):
    with pytest.raises(MalformedAnswer):
        AnswerReader().feed(text)


@pytest.mark.parametrize("text", [b"", OK, OK + b"Content-Length: 9\r\n\r\nhi", CHUNKED[:-9]])
def test_answer_that_breaks_off_is_refused(text):
    reader = AnswerReader()
    reader.feed(text)

    with pytest.raises(MalformedAnswer):
        reader.end()


@pytest.mark.parametrize(
    "head", [b"\r\n", b"Transfer-Encoding: chunked\r\n\r\nFFFFF\r\n", b"Content-Length: 999999\r\n\r\n"]
)
def test_endless_body_is_cut(head):
    reader = AnswerReader()
    reader.feed(OK + head + b"z" * (MAX_BODY + 100))

    assert (reader.complete, reader.reusable, len(reader.body)) == (True, False, MAX_BODY)


def test_endless_trailer_is_cut():
    reader = AnswerReader()
    reader.feed(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
    reader.feed(b"X: y\r\n" * (MAX_BODY // 6 + 1))

    assert (reader.complete, reader.reusable) == (True, False)


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused(noise):
    reader = AnswerReader()
    try:
        reader.feed(noise)
        reader.end()
    except MalformedAnswer:
        return
    assert reader.complete
