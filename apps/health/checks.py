"""What every installation depends on. Checks of one app's own affairs live in that app's `checks.py`."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from functools import cache
from typing import Any, Final

import psycopg
from django.conf import settings
from django.core.cache import cache as shared_cache
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext_lazy as _
from kombu import Connection
from kombu.exceptions import KombuError, OperationalError
from psycopg.conninfo import make_conninfo
from redis import RedisError

from apps.health.installation import certificate, modules, pool_load, secrets
from apps.health.queries import beats
from apps.tenants.isolation import platform_scope
from rustok.celery import app as celery_app
from rustok.config import ROOT, config
from rustok.db.deadlines import DeadlineConnection, silence
from rustok.health import Check, CheckFailed, Observation, Surface, register
from rustok.operations import Criticality
from rustok.resilience.timeout import limited

LATE_HEARTBEAT: Final = 45.0
LONG_QUEUE: Final = 5_000
PROBE_SECONDS: Final = 3.0
SILENT_ROUNDS: Final = 25
"""Rounds of 0.1 s in which `SELECT 1` brings nothing: the server answers nobody. A busy one answers that."""
LEAST_FREE, LITTLE_FREE = 0.03, 0.10


class _ProbeConnection(DeadlineConnection):
    """Waits while all others have given up, to hear the first word."""

    minds_silence = False


class DatabaseProbe:
    """One connection of its own, outside the pool: a busy pool is load, not an outage."""

    def __init__(self, alias: str = "default") -> None:
        """Watch one of `settings.DATABASES`; connect at the first question."""
        self._alias = alias
        self._connection: _ProbeConnection | None = None

    def __call__(self) -> Observation:
        """Ask the server one question; the value is the round trip in milliseconds."""
        started = time.perf_counter()
        try:
            self._ask()
        except psycopg.Error:
            self._note_silence()
            self.close()
            raise CheckFailed(_("PostgreSQL does not answer")) from None
        if self._alias == DEFAULT_DB_ALIAS:
            silence.note(silent=False)
        return Observation(value=round((time.perf_counter() - started) * 1000, 2), unit="ms")

    def _note_silence(self) -> None:
        """Give up what waits for the default database once it has left a question unanswered for long enough."""
        if self._alias == DEFAULT_DB_ALIAS and self._connection and self._connection.unheard >= SILENT_ROUNDS:
            silence.note(silent=True)

    def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self) -> None:
        with limited(PROBE_SECONDS):
            self._ask_in_time()

    def _ask_in_time(self) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = _ProbeConnection.connect(
                _address_of(self._alias),
                autocommit=True,
                connect_timeout=config().database_connect_timeout,
                application_name="rustok-health",
                tcp_user_timeout=5000,
                options="-c statement_timeout=2000",
            )
        self._connection.execute("SELECT 1")


def _address_of(alias: str) -> str:
    if alias == "default":
        return config().database_url.get_secret_value()
    known = settings.DATABASES[alias]
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return make_conninfo(**{field: known[name] for name, field in names.items() if known.get(name)})


def broker(queue: str = "") -> Observation:
    """Connect to the broker; the value is how many messages wait in the queue (by default Celery's)."""
    try:
        with celery_app.connection_for_read() as broker_connection:
            waiting = _waiting(broker_connection, queue or celery_app.conf.task_default_queue)
    except (OSError, KombuError, OperationalError):
        raise CheckFailed(_("the broker does not answer; deliveries wait in the database")) from None
    warning = _("messages come faster than workers take them") if waiting > LONG_QUEUE else ""
    return Observation(value=waiting, unit="messages", warning=warning)


def _waiting(broker_connection: Connection, queue: str) -> int:
    """How many messages lie in the queue. Redis and Valkey have no empty lists: then the queue "does not exist"."""
    channel: Any = broker_connection.default_channel
    try:
        declared = channel.queue_declare(queue, passive=True)
    except broker_connection.channel_errors:
        return 0
    return int(declared.message_count)


def cache_round_trip() -> Observation:
    """Write and read one value."""
    token = str(time.time_ns())
    try:
        with platform_scope("health of the cache"):
            shared_cache.set("health", token, timeout=30)
            found = shared_cache.get("health")
    except RedisError:
        raise CheckFailed(_("the cache does not answer")) from None
    if found != token:
        raise CheckFailed(_("the cache does not keep what it is given"))
    return Observation()


def workers() -> Observation:
    """The proof of work: the value is how many workers finished a task in the last minute."""
    with platform_scope("health of the workers"):
        age, seen = beats()
    if age is None:
        raise CheckFailed(_("no worker has finished a task yet"), Observation(0, "workers"))
    if age > LATE_HEARTBEAT:
        text = _("no worker has finished a task for {seconds} s")
        raise CheckFailed(text, Observation(seen, "workers"), seconds=int(age))
    return Observation(value=seen, unit="workers")


@cache
def _on_disk() -> frozenset[tuple[str, str]]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return frozenset(loader.graph.nodes) if loader.graph else frozenset()


def migrations() -> Observation:
    """The code's migrations against those that the shared schema has seen; this code must not serve before them."""
    with platform_scope("health of the schema"), connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        pending = _on_disk() - {(app, name) for app, name in cursor.fetchall()}
    if pending:
        first = ".".join(min(pending))
        text = _("{count} migrations are pending, the first is {first}")
        raise CheckFailed(text, Observation(len(pending), "pending"), count=len(pending), first=first)
    return Observation(value=0, unit="pending")


def disk() -> Observation:
    """Free space where this installation keeps its data; the value is a percentage."""
    place = config().data_dir if config().data_dir.exists() else ROOT
    usage = shutil.disk_usage(place)
    free = usage.free / usage.total
    seen = Observation(value=round(free * 100, 1), unit="percent")
    if free < LEAST_FREE:
        raise CheckFailed(_("only {share} of the disk is free"), seen, share=f"{free:.1%}")
    return replace(seen, warning=_("little space left")) if free < LITTLE_FREE else seen


def _database(alias: str) -> Check:
    """The check of one database of the settings. Only without the default one can this process serve nobody."""
    first = alias == DEFAULT_DB_ALIAS
    name, criticality = ("database", Criticality.CRITICAL) if first else (f"database-{alias}", Criticality.HIGH)
    return Check(name=name, run=DatabaseProbe(alias), interval=0.9, timeout=0.9, criticality=criticality)


_DELIVERIES: Final = frozenset({Surface.TASKS, Surface.WEBHOOKS, Surface.BROKERS, Surface.REPORTS, Surface.AUDIT})

for _alias in settings.DATABASES:
    register(_database(_alias))
register(Check(name="migrations", run=migrations, interval=60, timeout=10, criticality=Criticality.CRITICAL))
register(Check(name="broker", run=broker, interval=10, timeout=5, criticality=Criticality.HIGH, affects=_DELIVERIES))
register(
    Check(
        name="cache", run=cache_round_trip, interval=10, timeout=3, affects=frozenset({Surface.REST, Surface.CONSOLE})
    )
)
register(Check(name="workers", run=workers, interval=10, timeout=5, criticality=Criticality.HIGH, affects=_DELIVERIES))
register(Check(name="disk", run=disk, interval=60, timeout=5, criticality=Criticality.HIGH))
register(Check(name="pool", run=pool_load, interval=5, timeout=1, affects=frozenset({Surface.REST, Surface.CONSOLE})))
register(Check(name="modules", run=modules, interval=300, timeout=20, criticality=Criticality.HIGH))
register(Check(name="secrets", run=secrets, interval=600, timeout=5, criticality=Criticality.LOW))
if config().certificate_file is not None:
    register(Check(name="certificate", run=certificate, interval=600, timeout=5, criticality=Criticality.HIGH))
