"""A server that has stopped in the middle of a statement (SIGSTOP, trap 56): the wait ends, the connection is gone."""

import os
import signal
import time
from contextlib import contextmanager

import psycopg
import pytest

from rustok import context
from rustok.api.handlers import translate
from rustok.config import config
from rustok.db.deadlines import (
    LEAST_SECONDS,
    MARGIN_SECONDS,
    ROUND_SECONDS,
    SILENT_ROUNDS,
    AnswerOverdue,
    DeadlineConnection,
    patience,
    patient,
    silence,
)
from rustok.db.pipelines import exchange
from rustok.errors.families import DatabaseUnavailable


@pytest.fixture
def connection():
    with DeadlineConnection.connect(config().database_url.get_secret_value(), autocommit=True) as opened:
        yield opened


@pytest.fixture
def silent():
    silence.note(silent=True)
    yield
    silence.note(silent=False)


@contextmanager
def frozen(connection):
    """Stop the one server process behind this connection; its kernel goes on acknowledging packets."""
    process = connection.info.backend_pid
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def within(seconds):
    return context.use(context.ExecutionContext(deadline=time.monotonic() + seconds))


def test_a_statement_under_way_ends_at_the_deadline_of_the_context(connection):
    started = time.monotonic()
    with frozen(connection), within(0.3), pytest.raises(AnswerOverdue):
        connection.execute("SELECT 1")

    assert 0.25 < time.monotonic() - started < 2
    assert connection.closed


def test_a_statement_is_given_up_soon_after_the_server_was_found_silent(connection, silent):
    started = time.monotonic()
    with frozen(connection), within(30), pytest.raises(AnswerOverdue):
        connection.execute("SELECT 1")

    assert 0.3 < time.monotonic() - started < 2
    assert connection.closed


def test_a_slow_statement_of_a_server_that_answers_others_goes_on(connection):
    seconds = ROUND_SECONDS * (SILENT_ROUNDS + 1)

    assert connection.execute("SELECT pg_sleep(%s)", [seconds]).rowcount == 1


def test_while_silence_is_told_an_answer_that_comes_counts(connection, silent):
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_calls_by_name_end_at_the_deadline_as_well(connection):
    connection.execute("PREPARE one AS SELECT 1")
    with frozen(connection), within(0.2), pytest.raises(AnswerOverdue):
        exchange(connection, [(b"one", [])], commit=False)

    assert connection.closed


def test_a_deadline_that_has_passed_leaves_a_moment_for_the_way_out(connection):
    with within(0):
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert patience() == LEAST_SECONDS


def test_without_a_deadline_the_servers_own_limit_counts():
    assert patience() == config().database_statement_timeout + MARGIN_SECONDS


def test_a_statement_that_is_known_to_be_long_gets_its_time_up_to_the_deadline():
    with patient(300.0):
        assert patience() == 300.0 + MARGIN_SECONDS
        with within(20.0):
            assert patience() <= 20.0
    assert patience() == config().database_statement_timeout + MARGIN_SECONDS


def test_a_server_that_answers_with_an_error_keeps_its_connection(connection):
    with within(5), pytest.raises(psycopg.errors.UndefinedColumn):
        connection.execute("SELECT nothing")

    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_doors_show_it_as_database_unavailable():
    from django.db import OperationalError

    assert issubclass(AnswerOverdue, psycopg.OperationalError)  # which Django wraps into its own
    assert isinstance(translate(OperationalError()), DatabaseUnavailable)
