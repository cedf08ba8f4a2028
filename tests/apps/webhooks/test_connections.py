"""HTTP to a pinned address: keep-alive, one deadline for everything, nothing followed, nothing endless read."""

from __future__ import annotations

import itertools
import select
import socket
import time
from collections.abc import Iterator

import pytest

from apps.webhooks.addresses import read_url
from apps.webhooks.connections import EXCERPT, MAX_BODY, Connection, ConnectionFailed, DeadlineExceeded, Keeper
from tests.support.posting import post
from tests.support.receiver import OK, drip, status


@pytest.fixture
def connection(receiver) -> Iterator[Connection]:
    made = Connection(read_url(receiver.url), "127.0.0.1")
    yield made
    made.close()


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    made = Keeper()
    yield made
    made.close_all()


def test_request_arrives_as_sent(receiver, connection):
    reply = post(connection)

    got = receiver.got[0]
    assert (reply.status, got.path, got.body, got.headers["x-test"]) == (204, "/hook", b"{}", "1")
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"


def test_nothing_is_sent_after_the_deadline(receiver, connection):
    """A process that is frozen while it connects must not post when it goes on: somebody else has done so."""
    connection.start(b"", b"{}", deadline=0.0)
    connection.advance()
    if not connection.done:
        select.select([], [connection], [], 5)  # connected
        connection.advance()

    assert isinstance(connection.failure, DeadlineExceeded)
    assert receiver.got == []


def test_connection_is_kept(receiver, connection):
    for _ in range(3):
        post(connection)

    assert {got.connection for got in receiver.got} == {1}


def test_closed_kept_connection_is_opened_again(receiver, connection):
    receiver.answer = lambda got: OK if got.connection > 1 or len(receiver.got) == 1 else None
    post(connection)

    assert post(connection).status == 204
    assert receiver.got[-1].connection == 2


def test_fresh_connection_that_is_closed_fails(receiver, connection):
    receiver.answer = lambda _got: None

    with pytest.raises(ConnectionFailed, match="closed"):
        post(connection)


def test_refused_connection_fails(receiver):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    target = read_url(receiver.url)

    with pytest.raises(ConnectionFailed, match="refused"):
        post(Connection(type(target)("http", "127.0.0.1", port, "/", True), "127.0.0.1"))


def test_answer_that_is_no_http_fails(receiver, connection):
    receiver.answer = lambda _got: b"SSH-2.0-OpenSSH_9.2\r\n"

    with pytest.raises(ConnectionFailed):
        post(connection)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: drip(status("200 OK", b"x" * 50), 0.05),
        lambda: itertools.chain([b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"], drip(b"y" * 99, 0.05)),
        lambda: drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 50, 0.05),
    ],
    ids=["slow answer", "slow body", "slow headers"],
)
def test_dripping_answer_ends_at_the_deadline(receiver, connection, answer):
    receiver.answer = lambda _got: answer()
    started = time.monotonic()

    with pytest.raises(DeadlineExceeded):
        post(connection, timeout=0.3)

    assert time.monotonic() - started < 1.5


def test_answer_that_never_pauses_ends_at_the_deadline(receiver, connection):
    """A receiver that sends faster than we read leaves no moment in which nothing is there."""
    flood = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2_000_000
    receiver.answer = lambda _got: flood
    started = time.monotonic()

    with pytest.raises(DeadlineExceeded):
        post(connection, timeout=0.2)

    assert time.monotonic() - started < 1.0


def test_redirect_is_an_answer(receiver, connection):
    receiver.answer = lambda _got: status("302 Found", location="http://169.254.169.254/")

    assert post(connection).status == 302
    assert len(receiver.got) == 1


def test_long_answer_is_cut_and_the_connection_dropped(receiver, connection):
    receiver.answer = lambda _got: status("200 OK", b"z" * (MAX_BODY * 2))

    assert post(connection).excerpt == "z" * EXCERPT
    post(connection)
    assert receiver.got[-1].connection == 2


def test_keeper_hands_out_the_kept_connection_for_the_same_address_only(receiver, keeper):
    target = read_url(receiver.url)
    connection = keeper.take(target, "127.0.0.1")
    post(connection)
    keeper.give_back(connection)

    assert keeper.take(target, "127.0.0.2") is not connection
    again = keeper.take(target, "127.0.0.1")
    assert again is connection
    keeper.give_back(again)


def test_keeper_throws_a_closed_connection_away(receiver, keeper):
    connection = keeper.take(read_url(receiver.url), "127.0.0.1")
    keeper.give_back(connection)

    assert keeper.take(connection.target, "127.0.0.1") is not connection


def test_keeper_is_bounded(receiver, keeper, monkeypatch):
    monkeypatch.setattr("apps.webhooks.connections.KEPT", 1)
    target = read_url(receiver.url)
    first, second = (keeper.take(target, "127.0.0.1") for _ in range(2))
    for used in (first, second):
        post(used)
        keeper.give_back(used)

    assert not first.is_open
    assert keeper.take(target, "127.0.0.1") is second
    keeper.give_back(second)
