"""The audit log: one INSERT, in the transaction of the deed, and nothing changes it afterwards."""

from __future__ import annotations

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction

from apps.security.audit import PostgresAuditWriter
from apps.security.models import AuditEntry as Row
from rustok.audit import AuditEntry
from rustok.db.transactions import TransactionRequired, unit_of_work

DEED = AuditEntry(action="order:confirm", target="7", reason="paid in cash", details={"total": 5})


def test_entries_say_who_what_and_on_which_trace(context):
    with unit_of_work() as uow:
        uow.audit(DEED)

    row = Row.objects.get(action="order:confirm")
    assert (row.actor, row.target, row.reason, row.details) == ("user:alice", "7", "paid in cash", {"total": 5})
    assert (row.trace_id, row.request_id) == (context.trace.trace_id, "test")
    assert row.number is None


def test_all_entries_of_a_transaction_cost_one_statement(acme, django_assert_num_queries):
    with unit_of_work() as uow, django_assert_num_queries(1):
        uow.audit(DEED, DEED, DEED)
        uow.flush()


def test_entries_are_taken_back_with_the_deed(acme):
    def deed() -> None:
        with unit_of_work() as uow:
            uow.audit(DEED)
            uow.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        deed()
    assert not Row.objects.filter(action="order:confirm").exists()


def test_writing_outside_a_transaction_is_a_defect(acme):
    with pytest.raises(TransactionRequired):
        PostgresAuditWriter().write([DEED])


@pytest.mark.parametrize(
    "statement", ["UPDATE security_auditentry SET actor = 'nobody'", "DELETE FROM security_auditentry"]
)
@pytest.mark.parametrize("scope", ["acme", "platform"])
def test_the_database_refuses_to_change_the_log(statement, scope, request):
    request.getfixturevalue(scope)
    with unit_of_work() as uow:
        uow.audit(DEED)

    with pytest.raises((InternalError, ProgrammingError)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Row.objects.filter(action="order:confirm", actor__startswith="user:").exists()
