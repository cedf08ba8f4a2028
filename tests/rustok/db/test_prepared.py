"""Statements that a session knows by name: parsed once, never mistaken, never used in a shared session."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import ProgrammingError, connection
from django.test.utils import CaptureQueriesContext

from apps.tenants.isolation import tenant_scope
from rustok.db.backend.sessions import introduce_session
from rustok.db.batches import send, together
from rustok.db.prepared import MOST_NAMES, Known, Message
from tests.support.events import run

INSERT = "INSERT INTO t_named (n, word) VALUES (%s, %s || '100%%')"


@pytest.fixture
def named(acme):
    """A table in acme's schema, on a session that knows nothing yet."""
    run("CREATE TABLE t_named (n int, word text)")
    run("DEALLOCATE ALL")
    connection.connection.known = Known()


def insert(n: int) -> str:
    """What was sent."""
    with CaptureQueriesContext(connection) as sent:
        send(INSERT, [n, f"it's %s of {n} "], using="default")
    return sent.captured_queries[-1]["sql"]


def both(first: str, ones: list[Any], second: str, others: list[Any]) -> None:
    """Two statements in one message."""
    with together(using="default", commit=False):
        send(first, ones, using="default")
        send(second, others, using="default")


def test_a_statement_is_told_once_and_then_called(named):
    first, second = insert(1), insert(2)

    assert (first.startswith("PREPARE rustok_"), second.startswith("EXECUTE rustok_")) == (True, True)
    assert run("SELECT n, word FROM t_named ORDER BY n") == [(1, "it's %s of 1 100%"), (2, "it's %s of 2 100%")]


def test_the_same_statement_twice_in_a_message_is_told_once(named):
    both(INSERT, [1, "a"], INSERT, [2, "b"])

    assert run("SELECT n FROM t_named ORDER BY n") == [(1,), (2,)]


def test_a_call_follows_the_scope(named, acme, globex):
    insert(1)
    with tenant_scope(globex):
        run("CREATE TABLE t_named (n int, word text)")
        insert(2)
        assert run("SELECT n FROM t_named") == [(2,)]

    assert run("SELECT n FROM t_named") == [(1,)]


@pytest.mark.parametrize(
    "broken", ["INSERT INTO t_nowhere (n) VALUES (%s)", "INSERT INTO t_named (n) VALUES (%s, 'x')"]
)
def test_after_a_message_that_failed_everything_is_told_anew(live_acme, broken):
    connection.connection.known = Known()
    run("DEALLOCATE ALL")
    run("CREATE TABLE t_named (n int, word text)")
    try:
        with pytest.raises(ProgrammingError):
            both(INSERT, [0, ""], broken, [1])

        assert insert(1).startswith("DEALLOCATE ALL; PREPARE")
        assert insert(2).startswith("EXECUTE")
    finally:
        run("DROP TABLE t_named")


def test_a_session_that_a_pooler_shares_is_told_everything_in_full(named):
    ours = connection.connection
    shared = SimpleNamespace(cursor=ours.cursor, info=SimpleNamespace(backend_pid=ours.info.backend_pid + 1))
    direct = SimpleNamespace(cursor=ours.cursor, info=ours.info)
    introduce_session(shared)
    introduce_session(direct)

    assert Message.of(shared, [INSERT, "SELECT 1"]).text == f"{INSERT}; SELECT 1"
    assert Message.of(direct, [INSERT]).text.startswith("PREPARE")


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE t (n int)", "SET work_mem = '4MB'", "UPDATE security_user SET role = %s"]
)
def test_what_has_no_plan_or_is_watched_stays_as_it_is(statement):
    assert Message.of(SimpleNamespace(known=Known()), [statement]).text == statement


def test_a_session_knows_no_more_than_so_many_names():
    known = Known({f"SELECT {n}": f"n{n}" for n in range(MOST_NAMES)})

    assert (
        Message.of(SimpleNamespace(known=known), ["SELECT 'one more'", "SELECT 0"]).text
        == "SELECT 'one more'; EXECUTE n0"
    )
