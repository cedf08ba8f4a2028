"""The unit of work writes everything or nothing, and an inner failure cannot be swallowed."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import pytest
from django.db import connection, transaction

from apps.customers.models import Customer
from apps.events.models import Event
from apps.security.models import AuditEntry as AuditRow
from rustok.audit import AuditEntry
from rustok.db.ids import new_id
from rustok.db.transactions import (
    TransactionDoomed,
    TransactionRequired,
    current_unit_of_work,
    transaction_required,
    transactional,
    unit_of_work,
)
from rustok.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class TeaServed(DomainEvent):
    """Somebody got tea."""

    aggregate: ClassVar[str] = "cup"
    key: ClassVar[str] = "cup_id"
    cup_id: UUID


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def anna():
    """Write one row."""
    return Customer.objects.create(name="anna", created_at=NOON, updated_at=NOON)


def serve(uow):
    """Write one row, one fact and one deed."""
    customer = anna()
    uow.record(TeaServed(cup_id=customer.pk), new_stream=True)
    uow.audit(AuditEntry(action="tea:serve", target=str(customer.pk)))
    return customer


def written():
    return (
        Customer.objects.count(),
        Event.objects.filter(stream__startswith="cup-").count(),
        AuditRow.objects.filter(action="tea:serve").count(),
    )


def test_rows_facts_and_deeds_are_written_together(acme):
    with unit_of_work() as uow:
        serve(uow)

    assert written() == (1, 1, 1)


def test_an_error_takes_everything_with_it(acme):
    @transactional
    def stumble():
        serve(current_unit_of_work())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()

    assert written() == (0, 0, 0)


def test_an_inner_block_joins_the_outer_one(acme):
    with unit_of_work() as outer:
        with unit_of_work() as inner:
            assert inner is outer
            serve(inner)
        assert Event.objects.filter(stream__startswith="cup-").count() == 0

    assert written() == (1, 1, 1)


def test_a_swallowed_inner_failure_dooms_the_whole(acme):
    @transactional
    def shrug():
        serve(current_unit_of_work())
        with suppress(KeyError), unit_of_work():
            raise KeyError("inner")

    with pytest.raises(TransactionDoomed):
        shrug()

    assert written() == (0, 0, 0)


def test_plain_atomic_would_lose_it_silently(acme):
    """Negative control: Django's own join rolls back without a word."""
    with transaction.atomic():
        anna()
        with suppress(KeyError), transaction.atomic(savepoint=False):
            raise KeyError("inner")

    assert Customer.objects.count() == 0


def test_callbacks_run_after_commit_only(acme):
    seen = []

    with unit_of_work() as uow:
        uow.after_commit(lambda: seen.append(written()))
        serve(uow)
        assert seen == []

    assert seen == [(1, 1, 1)]


def test_a_failing_callback_does_not_fail_the_request(acme):
    with unit_of_work() as uow:
        uow.after_commit(lambda: 1 / 0)
        serve(uow)

    assert written() == (1, 1, 1)


def test_building_blocks_refuse_to_run_alone(acme):
    block = transaction_required(current_unit_of_work)

    with pytest.raises(TransactionRequired):
        block()

    assert transactional(block)().using == "default"


def test_facts_and_deeds_cost_one_round_trip(acme, django_assert_num_queries):
    cup = new_id()

    with django_assert_num_queries(3), unit_of_work() as uow:  # savepoint, facts with deeds, release
        uow.record(*(TeaServed(cup_id=cup) for _ in range(5)), new_stream=True)
        uow.audit(*(AuditEntry(action="tea:serve") for _ in range(3)))

    assert connection.in_atomic_block
