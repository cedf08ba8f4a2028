"""The stores of breakers keep the same promises; PostgreSQL's answers in time or not at all."""

import os
import signal
import socket
import time

import pytest

from apps.operations.breakers import PostgresBreakerStore
from rustok.config import config
from rustok.resilience.circuit_breaker import MemoryStore, Record, RedisStore, State, StoreUnavailable
from tests.support.processes import database_url

SICK = Record(state=State.OPEN, epoch=3, until=9.0)
WORSE = Record(state=State.OPEN, epoch=4, until=10.0)


@pytest.fixture(params=["memory", "redis", "postgresql"])
def store(request, transactional_db):
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "redis":
        name = f"rustok:breakers:{os.getpid()}"
        yield RedisStore(config().redis_url.get_secret_value(), name=name)
        RedisStore(config().redis_url.get_secret_value())._client.delete(name)
    else:
        opened = PostgresBreakerStore(database_url())
        yield opened
        opened._drop()


def test_a_swap_needs_what_was_read(store):
    held = store.read("payments")

    assert (held.record.is_settled, held.token) == (True, b"")
    assert store.swap("payments", held.token, SICK)
    assert not store.swap("payments", held.token, WORSE)
    assert store.read("payments").record == SICK


def test_a_changed_record_is_seen_and_a_settled_one_is_removed(store):
    store.swap("payments", b"", SICK)
    store.swap("payments", store.read("payments").token, WORSE)
    found, now = store.everything()

    assert found == {"payments": WORSE}
    assert abs(now - time.time()) < 60
    assert store.swap("payments", store.read("payments").token, Record(epoch=5))
    assert store.everything()[0] == {}


def test_removing_what_is_not_there_is_no_conflict(store):
    assert store.swap("nobody", b"", Record())
    assert not store.swap("nobody", b"something", Record())


def test_a_frozen_server_is_given_up_in_time(transactional_db):
    store = PostgresBreakerStore(database_url())
    store.read("payments")
    process = store._opened().info.backend_pid
    os.kill(process, signal.SIGSTOP)
    started = time.monotonic()
    try:
        with pytest.raises(StoreUnavailable):
            store.read("payments")
    finally:
        os.kill(process, signal.SIGCONT)

    assert time.monotonic() - started < 2
    assert store.read("payments").record.is_settled
    store._drop()


def test_a_server_that_takes_connections_and_says_nothing_is_given_up_in_time():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        store = PostgresBreakerStore(f"postgresql://nobody@127.0.0.1:{mute.getsockname()[1]}/none")
        started = time.monotonic()
        with pytest.raises(StoreUnavailable):
            store.everything()

        assert time.monotonic() - started < 1.5


def test_a_server_that_is_not_there():
    with pytest.raises(StoreUnavailable):
        RedisStore("redis://127.0.0.1:1/0").everything()
    with pytest.raises(StoreUnavailable):
        PostgresBreakerStore("postgresql://nobody@127.0.0.1:1/none").everything()
