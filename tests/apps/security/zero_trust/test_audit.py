"""Refusals in the audit log: the first at once, the rest counted, the memory bounded."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from apps.security.queries import audit_entries
from apps.security.zero_trust import audit
from apps.security.zero_trust.audit import ACTION, WINDOW_SECONDS, Kind, Refusals
from apps.security.zero_trust.metrics import REFUSALS, STAGE_SECONDS
from rustok.context import use


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def refusals(context, clock):
    return Refusals(clock=lambda: clock[0])


def kind(code=1001, address="192.0.2.1"):
    return Kind("t", code, "InvalidCredentials", "orders.list", "anonymous:-", address)


def noted():
    return [entry.details["times"] for entry in audit_entries().filter(action=ACTION).order_by("id")]


def test_equal_refusals_of_a_minute_are_two_entries(refusals, clock):
    for _ in range(5):
        refusals.note(kind())
    assert noted() == [1]

    clock[0] += WINDOW_SECONDS
    refusals.note(kind(address="192.0.2.2"))

    assert noted() == [1, 4, 1]


def test_what_happens_once_is_one_entry(refusals, clock):
    refusals.note(kind())
    clock[0] += WINDOW_SECONDS
    refusals.note(kind(code=1002))

    assert noted() == [1, 1]


def test_memory_is_bounded(refusals, monkeypatch):
    monkeypatch.setattr(audit, "MOST_KINDS", 3)
    for number in range(6):
        refusals.note(kind(address=str(number)))

    assert len(refusals._counts) <= 3
    assert sum(noted()) == 6


def test_what_was_counted_is_written_after_the_time_of_its_request(refusals, context, monkeypatch):
    used = []
    monkeypatch.setattr(audit, "use", lambda context: used.append(context.remaining()) or use(context))
    with use(replace(context, deadline=time.monotonic() + 30)):
        refusals.note(kind())
        refusals.note(kind())

    refusals.flush()

    assert noted() == [1, 1]
    assert (used[0] > 0, used[1]) == (True, None)


def test_a_log_that_cannot_be_written_changes_nothing(refusals, monkeypatch):
    def broken(_context):
        raise RuntimeError("no log")

    monkeypatch.setattr(audit, "use", broken)

    refusals.note(kind())

    assert noted() == []


def test_stages_tell_their_time_and_their_refusals(acme, client_of):
    def counted():
        refused = REFUSALS.labels("identity", "1001")._value.get()
        return refused, STAGE_SECONDS.labels("signature")._sum.get()

    before = counted()
    client_of(acme).get("/api/v1/api-keys/")

    assert (counted()[0] - before[0], counted()[1] > before[1]) == (1, True)


def test_an_entry_names_operation_code_and_caller(acme, client_of, context):
    client_of(acme).get("/api/v1/api-keys/", REMOTE_ADDR="192.0.2.9")

    entry = audit_entries().get(action=ACTION)
    assert (entry.target, entry.outcome, entry.reason, entry.address) == (
        "api_keys.list",
        "refused",
        "InvalidCredentials",
        "192.0.2.9",
    )
