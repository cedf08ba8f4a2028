"""The checks of every installation, against the real servers of the tests and against none."""

import os
import signal
from datetime import UTC, datetime, timedelta

import pytest
from kombu.exceptions import OperationalError
from redis import RedisError

from apps.health import checks, tasks
from apps.health.models import Heartbeat
from apps.health.queries import beats
from apps.health.services import record_heartbeat
from apps.tenants.isolation import platform_scope
from rustok.config import config
from rustok.db.deadlines import silence
from rustok.health import CheckFailed
from rustok.health import checks as registered


def test_postgresql_answers_with_a_round_trip_time():
    probe = checks.DatabaseProbe()

    assert probe().value > 0
    assert probe().unit == "ms"
    probe.close()


def test_a_probe_recovers_from_a_lost_connection():
    probe = checks.DatabaseProbe()
    probe()
    probe._connection.close()

    assert probe().value > 0
    probe.close()


def test_a_server_that_takes_questions_and_answers_none_is_called_silent_until_it_answers():
    probe = checks.DatabaseProbe()
    probe()
    process = probe._connection.info.backend_pid
    os.kill(process, signal.SIGSTOP)
    try:
        with pytest.raises(CheckFailed):
            probe()
        during = silence.is_on
    finally:
        os.kill(process, signal.SIGCONT)
    probe()

    assert (during, silence.is_on) == (True, False)
    probe.close()


def test_no_postgresql_is_told_without_its_address(monkeypatch):
    gone = config().model_copy(update={"database_url": type(config().database_url)("postgresql://u:pw@127.0.0.1:1/x")})
    monkeypatch.setattr("apps.health.checks.config", lambda: gone)

    with pytest.raises(CheckFailed, match=r"^PostgreSQL does not answer$"):
        checks.DatabaseProbe()()


def test_the_broker_says_how_many_messages_wait():
    assert checks.broker("health-test").value == 0

    with checks.celery_app.connection_for_write() as broker, broker.SimpleQueue("health-test") as queue:
        queue.put("one")
        queue.put("two")
        assert checks.broker("health-test").value == 2
        queue.clear()


def test_a_dead_broker_is_told(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OperationalError("refused")

    monkeypatch.setattr(checks.celery_app, "connection_for_read", refuse)

    with pytest.raises(CheckFailed, match="broker"):
        checks.broker()


def test_the_cache_keeps_what_it_is_given(db):
    assert checks.cache_round_trip().warning == ""


def test_a_cache_that_is_gone_is_told(db, monkeypatch):
    def gone(*_arguments, **_options):
        raise RedisError

    monkeypatch.setattr(checks.shared_cache, "get", gone)
    with pytest.raises(CheckFailed, match="does not answer"):
        checks.cache_round_trip()


def test_a_database_with_all_migrations_passes(db):
    assert checks.migrations().value == 0


def test_a_pending_migration_is_named(db, monkeypatch):
    monkeypatch.setattr(checks, "_on_disk", lambda: frozenset({("orders", "9999_future")}))

    with pytest.raises(CheckFailed, match=r"orders\.9999_future"):
        checks.migrations()


def test_the_disk_has_room():
    assert 0 < checks.disk().value <= 100


@pytest.mark.parametrize(("free", "outcome"), [(2, "fails"), (5, "little space left"), (50, "")])
def test_a_filling_disk_warns_then_fails(monkeypatch, free, outcome):
    usage = type("Usage", (), {"free": free, "total": 100})
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _place: usage)

    if outcome == "fails":
        with pytest.raises(CheckFailed):
            checks.disk()
    else:
        assert checks.disk().warning == outcome


def test_without_any_heartbeat_workers_are_not_trusted(db):
    with pytest.raises(CheckFailed, match="yet"):
        checks.workers()


def test_a_worker_proves_itself_by_a_finished_task(db):
    tasks.heartbeat()

    assert checks.workers().value == 1


def test_an_old_heartbeat_is_no_proof(platform):
    record_heartbeat(worker="w1", ago=timedelta(minutes=2))

    with pytest.raises(CheckFailed, match=r"12[0-9] s"):
        checks.workers()


def test_a_worker_has_one_row_and_gone_ones_are_forgotten(platform):
    record_heartbeat(worker="gone", ago=timedelta(days=2))
    record_heartbeat(worker="w1", ago=timedelta(seconds=10))
    record_heartbeat(worker="w1")

    assert beats()[0] < 5
    assert list(Heartbeat.objects.values_list("worker", flat=True)) == ["w1"]


def test_a_worker_whose_clock_is_ahead_proves_nothing_for_later(db, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime(2050, 1, 1, tzinfo=UTC))
    tasks.heartbeat()

    with platform_scope("look"):
        assert 0 <= beats()[0] < 5


def test_every_check_is_quick_to_notice_and_explained():
    for check in registered():
        assert check.timeout <= check.interval, check.name
        assert check.run.__doc__ or type(check.run).__doc__
