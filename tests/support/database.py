"""The test database: a copy of a template that is made once per state of the migrations, also by parallel workers.

Rolled-back tests cost a transaction. Tests that commit are followed by `baseline.restore()`, which puts back exactly
the tables that differ from the template: no flush of everything, no order between tests.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection, connections
from django.test import TransactionTestCase

from apps.lifecycle.schemas.migrations import migrate_shared
from apps.lifecycle.services import ProvisionTenant, provision_tenant
from apps.tenants.isolation import platform_scope
from rustok.config import config
from rustok.context import Actor, ExecutionContext
from rustok.db.transactions import unit_of_work
from tests.support import baseline

ROOT = Path(__file__).resolve().parents[2]
TENANTS = ("acme", "globex")
PASSWORD = "correct horse battery"
_LOCK = 0x7E57
_IDLE = """
    SELECT datname FROM pg_database d WHERE starts_with(datname, %s)
    AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
"""


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """Give this process a database of its own and point Django at it."""
    settings = connection.settings_dict
    settings["OPTIONS"].pop("pool", None)
    original = settings["NAME"]
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    name = f"test_{original}_{worker}_{os.getpid()}"
    with django_db_blocker.unblock():
        connection.close()
        _drop_orphans(f"test_{original}_")
        template = _template(original, rebuild=request.config.getvalue("create_db"))
        run_statement(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        # Durability is proved on servers of its own; here a commit need not wait 5 ms for the disk.
        run_statement(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        settings["NAME"] = name
        TransactionTestCase._fixture_teardown = _restore  # type: ignore[method-assign]
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        settings["NAME"] = original
        run_statement(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _restore(_case: TransactionTestCase) -> None:
    with platform_scope("after a test that commits"), unit_of_work():
        baseline.restore()


def _drop_orphans(prefix: str) -> None:
    """Drop what killed runs left behind: databases of processes that are gone and that nobody is connected to."""
    with _maintenance() as cursor:
        cursor.execute(_IDLE, [prefix])
        for (name,) in cursor.fetchall():
            owner = Path("/proc", name.rpartition("_")[2])
            if not owner.exists():
                with suppress(psycopg.Error):  # a parallel run was faster
                    cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')


def _template(original: str, *, rebuild: bool) -> str:
    prefix = f"template_{original}_"
    name = prefix + _fingerprint()
    with _maintenance() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        existing = {row[0] for row in cursor.fetchall()}
        if name in existing and not rebuild:
            return name
        for stale in existing:
            cursor.execute(f'DROP DATABASE IF EXISTS "{stale}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{prefix}draft"')
        connection.settings_dict["NAME"] = f"{prefix}draft"
        try:
            _prepare()
        finally:
            connection.close()
            connection.settings_dict["NAME"] = original
        cursor.execute(f'ALTER DATABASE "{prefix}draft" RENAME TO "{name}"')
    return name


def _prepare() -> None:
    migrate_shared()
    root = ExecutionContext(actor=Actor("user", "root", "root"), permissions=frozenset({"*:*"}))
    for slug in TENANTS:
        wanted = ProvisionTenant(slug=slug, name=slug.title(), admin_password=PASSWORD)
        provision_tenant(input=wanted, context=root)
    with platform_scope("remember the state that tests start from"):
        baseline.remember()


def _fingerprint() -> str:
    """Whatever decides what the template holds: migrations, and the code that fills it."""
    sources = [
        *ROOT.glob("apps/*/migrations/*.py"),
        *ROOT.glob("apps/lifecycle/s*/*.py"),
        *(ROOT / "tests/support" / f"{name}.py" for name in ("database", "baseline")),
    ]
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def _maintenance() -> Iterator[Any]:
    settings = connection.settings_dict
    link = psycopg.connect(
        dbname=original_name(),
        user=settings["USER"],
        password=settings["PASSWORD"],
        host=settings["HOST"],
        port=settings["PORT"],
        autocommit=True,
    )
    with link, link.cursor() as cursor:
        yield cursor


def original_name() -> str:
    """The database that the configuration names; nothing is written there."""
    return urlsplit(config().database_url.get_secret_value()).path.lstrip("/")


def run_statement(statement: str) -> None:
    """Run one statement outside every transaction, connected to the configured database."""
    with _maintenance() as cursor:
        cursor.execute(statement)
