"""The relay's health: nothing waits, something waits, something has waited too long."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.events.checks import relay
from apps.operations.wakeups import DUES, WAKEUPS
from rustok.db.ids import new_id
from rustok.health import CheckFailed
from tests.support.events import run


@pytest.fixture(autouse=True)
def _quiet(platform):
    """No left-overs of whoever prepared the test database."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {WAKEUPS}")
        cursor.execute(f"DELETE FROM {DUES}")


@pytest.fixture
def waiting_for(platform):
    """Makes a partition wait for its turn since so many seconds."""

    def make(seconds, leased=False):
        now = timezone.now()
        lease = now + timedelta(minutes=1) if leased else None
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {DUES} (id, tenant_id, subscription_id, partition, due_at, lease_until)"
                " VALUES (%s, %s, %s, 0, %s, %s)",
                [new_id(), new_id(), new_id(), now - timedelta(seconds=seconds), lease],
            )

    return make


def test_an_idle_relay_is_on_time(platform):
    assert relay().value == 0


@pytest.mark.parametrize(("seconds", "warning"), [(5, ""), (30, "deliveries are late")])
def test_a_wait_is_measured(waiting_for, seconds, warning):
    waiting_for(seconds)

    assert relay().value == pytest.approx(seconds, abs=2)
    assert relay().warning == warning


def test_a_long_wait_fails(waiting_for):
    waiting_for(120)

    with pytest.raises(CheckFailed, match="120 s"):
        relay()


def test_a_partition_that_is_being_served_does_not_wait(waiting_for):
    waiting_for(120, leased=True)

    assert relay().value == 0


@pytest.fixture
def marked():
    """Leaves a mark of a transaction that ended 90 seconds ago."""

    def make(log):
        old = f"{int((timezone.now().timestamp() - 90) * 1000):012x}"
        run(
            f"INSERT INTO {WAKEUPS} (id, tenant_id) VALUES (%s, %s)", f"{old[:8]}-{old[8:]}-7000-8000-000000000001", log
        )

    return make


def test_what_nobody_numbered_waits_too(marked):
    marked(new_id())

    with pytest.raises(CheckFailed, match=r"9[0-9] s"):
        relay()


def test_log_that_could_be_numbered_waits_for_the_relay(marked, acme):
    marked(acme.id)

    with pytest.raises(CheckFailed, match=r"9[0-9] s"):
        relay()


def test_log_that_refuses_to_be_numbered_is_named_and_fails_nothing(marked, acme):
    run(f'ALTER TABLE "{acme.schema}".events_counter RENAME COLUMN position TO place')
    marked(acme.id)

    assert relay().value == 0
    assert "acme" in str(relay().warning)


def test_logs_that_all_refuse_to_be_numbered_fail(marked, acme):
    for schema in (acme.schema, "public"):
        run(f'ALTER TABLE "{schema}".events_counter RENAME COLUMN position TO place')
    marked(acme.id)

    with pytest.raises(CheckFailed, match=r"9[0-9] s"):
        relay()
