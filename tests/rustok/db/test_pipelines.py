"""Known statements, called with their values beside them: as exact as a text, and all or none."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from rustok.db.batches import send, together
from rustok.db.pipelines import written
from rustok.db.prepared import name_of
from tests.support.events import elsewhere, run

INSERT = "INSERT INTO t_called (n, word, fine, id, at) VALUES (%s, %s || '%%', %s, %s, %s)"
SOME = UUID("018f0000-0000-7000-8000-000000000001")


@pytest.fixture
def called(live_acme):
    """A table in acme's schema, and a session that knows the statement."""
    run(
        "CREATE TABLE t_called (n int UNIQUE DEFERRABLE INITIALLY DEFERRED, word text, fine boolean, id uuid,"
        " at timestamptz)"
    )
    insert(0)
    assert name_of(connection.connection, INSERT)
    yield
    run("DROP TABLE t_called")


def insert(*numbers: int, word: str = "a", at: datetime | None = None, commit: bool = False) -> None:
    with transaction.atomic():
        if not commit:
            run("SELECT 1")
        with together(using="default", commit=commit):
            for n in numbers:
                send(INSERT, [n, word, n > 0, SOME, at], using="default")


def numbers_elsewhere() -> list[int]:
    with elsewhere() as call:
        return [row[0] for row in call(run, "SELECT n FROM t_called ORDER BY n").result(10)]


@pytest.mark.parametrize("commit", [True, False])
def test_several_calls_are_one_transaction(called, commit):
    insert(1, 2, commit=commit)

    assert numbers_elsewhere() == [0, 1, 2]


@pytest.mark.parametrize("word", ["100 %s of 'ключ' \\ \"; COMMIT; --", "", "NULL", "\\N", "{}"])
def test_values_arrive_as_they_are(called, word):
    insert(1, word=word, commit=True)

    assert run("SELECT n, word, fine, id, at FROM t_called WHERE n = 1") == [(1, word + "%", True, SOME, None)]


def test_other_values_are_left_to_the_driver(called):
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    insert(1, at=moment, commit=True)

    assert run("SELECT at FROM t_called WHERE n = 1") == [(moment,)]


@pytest.mark.parametrize("word", ["cut\0here", "half \ud800"])
def test_a_text_that_the_database_cannot_hold_is_refused(called, word):
    with pytest.raises((DataError, UnicodeEncodeError)):
        insert(1, word=word, commit=True)

    assert numbers_elsewhere() == [0]


@pytest.mark.parametrize("commit", [True, False])
def test_one_that_fails_takes_the_others_with_it(called, commit):
    run("ALTER TABLE t_called ADD CHECK (n < 5)")

    with pytest.raises(IntegrityError):
        insert(3, 7, commit=commit)

    insert(4, commit=commit)
    assert numbers_elsewhere() == [0, 4]


def test_a_constraint_that_is_checked_at_the_end_fails_the_end(called):
    with pytest.raises(IntegrityError):
        insert(1, 1, commit=True)

    assert numbers_elsewhere() == [0]


def test_a_name_that_the_session_lost_is_an_error_and_not_a_hang(called):
    run("DEALLOCATE ALL")

    with pytest.raises(ProgrammingError):
        insert(1, commit=True)
    connection.close()


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.integers(), st.uuids())
def test_fields_are_the_values_as_postgresql_reads_them(word, number, key):
    assert written([word, number, key, True, None]) == [
        word.encode(),
        str(number).encode(),
        str(key).encode(),
        b"t",
        None,
    ]
