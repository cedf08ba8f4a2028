"""Looking things up: by who, what, when, on which trace, about whom, in which words; chained or not; by index."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.security.chain.sealing import seal
from apps.security.chain.search import AuditSearch, search
from rustok.audit import AuditEntry
from rustok.context import Trace, current, use
from rustok.db.transactions import unit_of_work
from tests.support.events import run

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def note(action: str, target: str = "", trace: str = "", **more: object) -> None:
    context = replace(current(), trace=Trace(trace, "00f067aa0ba902b7")) if trace else current()
    with use(context), unit_of_work() as uow:
        uow.audit(AuditEntry(action=action, target=target, **more))


@pytest.fixture(params=["chained", "loose"])
def entries(log, kept, request) -> None:
    note("order:pay", "order-77", reason="paid in cash")
    note("order:ship", "order-77", TRACE, details={"carrier": "Blue Dart-9"})
    note("webhook:create", "w1", outcome="refused")
    note("user:invite", "u1", subject="user:7", personal={"name": "Ann Secret"})
    if request.param == "chained":
        seal()


NOW = timezone.now()
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AuditSearch(), ["user:invite", "webhook:create", "order:ship", "order:pay"]),
        (AuditSearch(action="order:pay"), ["order:pay"]),
        (AuditSearch(action="order:*"), ["order:ship", "order:pay"]),
        (AuditSearch(action="*", target="w1"), ["webhook:create"]),
        (AuditSearch(target="order-77", action="order:ship"), ["order:ship"]),
        (AuditSearch(actor="user:alice", outcome="refused"), ["webhook:create"]),
        (AuditSearch(actor="user:nobody"), []),
        (AuditSearch(trace_id=TRACE), ["order:ship"]),
        (AuditSearch(subject="user:7"), ["user:invite"]),
        (AuditSearch(text="cash"), ["order:pay"]),
        (AuditSearch(text="CAS pai"), ["order:pay"]),
        (AuditSearch(text="order:ship blue-dart"), ["order:ship"]),
        (AuditSearch(text="order 77"), ["order:ship", "order:pay"]),
        (AuditSearch(text="Secret"), []),
        (AuditSearch(text="':*&|!("), []),
        (AuditSearch(since=NOW - HOUR, until=NOW + HOUR, action="order:pay"), ["order:pay"]),
        (AuditSearch(since=NOW + HOUR), []),
        (AuditSearch(until=NOW - HOUR), []),
        (
            AuditSearch(since=datetime.min.replace(tzinfo=UTC), until=datetime.max.replace(tzinfo=UTC), target="u1"),
            ["user:invite"],
        ),
    ],
)
def test_what_fits_is_found_newest_first(entries, wanted, found):
    assert [row.action for row in search(wanted)] == found


def test_personal_words_are_findable_by_nobody_once_chained(log, kept):
    note("user:invite", subject="user:7", personal={"name": "Zanzibar"})
    seal()

    assert not search(AuditSearch(text="zanzibar")).exists()


FILL = """
    INSERT INTO security_auditentry (id, occurred_at, actor, actor_label, action, target, outcome, reason, details,
                                     request_id, trace_id, address, number, hash)
    SELECT gen_random_uuid(), now(), 'user:' || n % 400, 'N', 'thing:verb' || n % 500, n::text, 'ok', '', '{}', '',
           md5(n::text), '', n, '' FROM generate_series(1, 4000) n
"""


def plan_of(wanted: AuditSearch) -> str:
    with connection.cursor() as cursor:
        sql, parameters = search(wanted)[:26].query.sql_with_params()
        cursor.execute("EXPLAIN " + sql, parameters)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_an_index_answers_each_question(log, kept):
    run(FILL)
    run("ANALYZE security_auditentry")
    questions = {
        "security_audit_actor_ix": AuditSearch(actor="user:7"),
        "security_audit_target_ix": AuditSearch(target="7"),
        "security_audit_action_ix": AuditSearch(action="thing:verb7"),
        "security_audit_trace_ix": AuditSearch(trace_id="8f14e45fceea167a5a36dedd4bea2543"),
        "security_audit_subject_ix": AuditSearch(subject="user:7"),
        "security_audit_words_ix": AuditSearch(text="verb77"),
        "security_auditentry_pkey": AuditSearch(since=NOW, until=NOW + timedelta(seconds=1)),
    }

    assert [index for index, wanted in questions.items() if index not in plan_of(wanted)] == []
