"""What a unit of work writes last travels with its COMMIT, all or nothing, whatever fails on the way."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.customers.models import Customer
from apps.events.models import Event
from apps.security.models import AuditEntry as AuditRow
from rustok.audit import AuditEntry
from rustok.db.batches import send, together
from rustok.db.transactions import unit_of_work
from rustok.errors.families import VersionConflict
from tests.support.events import ThingPoked, elsewhere, run

AWKWARD = "100 %s of 'ключ' \\ \"; COMMIT; --"


def poke_and_note(thing: str, **expected: int | bool) -> None:
    with unit_of_work() as uow:
        uow.record(ThingPoked(thing=thing), **expected)
        uow.audit(AuditEntry(action="thing:poke", target=thing))


def seen_elsewhere(thing: str) -> tuple[int, int]:
    """Facts and deeds about a thing that another connection sees: what is committed."""
    with elsewhere() as call:
        facts = call(Event.objects.filter(stream=f"thing-{thing}").count).result(10)
        return facts, call(AuditRow.objects.filter(target=thing).count).result(10)


def test_facts_alone_are_one_round_trip(live_acme):
    run("SELECT 1")

    with CaptureQueriesContext(connection) as sent:
        poke_and_note("a")

    assert len([query for query in sent.captured_queries if query["sql"] not in ("BEGIN", "COMMIT")]) == 1
    assert seen_elsewhere("a") == (1, 1)


def test_facts_after_rows_carry_the_commit(live_acme):
    with CaptureQueriesContext(connection) as sent, unit_of_work() as uow:
        run("SELECT 1")
        uow.record(ThingPoked(thing="a"))

    assert sent.captured_queries[-2]["sql"].endswith("; COMMIT")
    assert seen_elsewhere("a") == (1, 0)


@pytest.mark.parametrize("rows_before", [False, True])
def test_a_conflict_leaves_nothing(live_acme, rows_before):
    poke_and_note("a")

    def again() -> None:
        with unit_of_work() as uow:
            if rows_before:
                run("SELECT 1")
            uow.audit(AuditEntry(action="thing:poke", target="a"))
            uow.record(ThingPoked(thing="a"), new_stream=True)

    with pytest.raises(VersionConflict):
        again()

    assert seen_elsewhere("a") == (1, 1)


def test_the_session_is_as_before_after_a_conflict(live_acme):
    poke_and_note("a")
    with pytest.raises(VersionConflict):
        poke_and_note("a", new_stream=True)

    with pytest.raises(VersionConflict), unit_of_work():
        poke_and_note("a", expected_version=7)

    poke_and_note("a")
    assert connection.connection.autocommit
    assert seen_elsewhere("a") == (2, 2)


def test_a_constraint_that_fails_at_commit_rolls_everything_back(live_acme):
    after: list[str] = []
    run("CREATE TABLE t_late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")

    def late() -> None:
        with unit_of_work() as uow:
            run("INSERT INTO t_late VALUES (1), (1)")
            uow.record(ThingPoked(thing="a"))
            uow.after_commit(lambda: after.append("committed"))

    try:
        with pytest.raises(IntegrityError, match="t_late"):
            late()
        assert (seen_elsewhere("a"), after) == ((0, 0), [])
    finally:
        run("DROP TABLE t_late")


def test_callbacks_run_after_the_commit(live_acme):
    seen: list[tuple[int, int]] = []

    with unit_of_work() as uow:
        uow.record(ThingPoked(thing="a"))
        uow.after_commit(lambda: seen.append(seen_elsewhere("a")))

    assert seen == [(1, 0)]


def test_a_transaction_around_the_unit_of_work_keeps_the_last_word(live_acme):
    with transaction.atomic():
        poke_and_note("a")
        transaction.set_rollback(True)

    assert seen_elsewhere("a") == (0, 0)


def test_values_are_never_read_as_statements_or_placeholders(acme):
    poke_and_note(AWKWARD)

    assert Event.objects.get(stream=f"thing-{AWKWARD}").data["thing"] == AWKWARD


def test_foreign_objections_pass_as_they_are(acme):
    statement = "INSERT INTO customers_customer (id, name, created_at, updated_at) VALUES (%s, '', now(), now())"

    with pytest.raises(IntegrityError), transaction.atomic(), together(using="default", commit=False):
        send(statement, ["018f0000-0000-7000-8000-000000000001"], using="default", refusal=lambda _error: None)

    assert not Customer.objects.filter(name="").exists()


def test_a_statement_outside_a_batch_runs_at_once(acme):
    send("CREATE TEMPORARY TABLE at_once (n int)", [], using="default")

    assert run("SELECT count(*) FROM at_once") == [(0,)]
