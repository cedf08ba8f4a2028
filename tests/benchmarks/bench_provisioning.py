"""Opening a shop: replaying the template against plain migrations, side by side in one database.

The ways take turns, so that noise of the machine meets all of them. A database of its own is made and dropped.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django

from tests.benchmarks.results import Check, Options, Result

SUMMARY = "provisioning by template replay against plain migrations"
P50_LIMIT_SECONDS = 0.5
RATIO_LIMIT = 5.0


def run(options: Options) -> Result:
    """Measure `provision_tenant` as it is, the same by migrations, and the schema step of both alone."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "rustok.settings"
    django.setup()
    rounds = 2 if options.quick else 15
    with own_database():
        measured = measure(rounds)
    rows = [{"way": way, "runs": len(times)} | figures(times) for way, times in measured.items()]
    median = {way: statistics.median(times) for way, times in measured.items()}
    ratio = median["schema by migrations"] / median["schema by replay"]
    whole = median["tenant by migrations"] / median["tenant by replay"]
    checks = [
        Check("provision_tenant p50, seconds", median["tenant by replay"], P50_LIMIT_SECONDS),
        Check("replay against migrations (5 = five times faster)", RATIO_LIMIT / ratio, 1.0),
    ]
    facts = {"schema_ratio": round(ratio, 1), "tenant_ratio": round(whole, 1)}
    title = f"Provisioning: the schema {ratio:.1f} times, the whole tenant {whole:.1f} times as fast as by migrations"
    return Result(title, rows, checks, facts)


def figures(times: list[float]) -> dict[str, Any]:
    """Median and extremes in milliseconds."""
    return {
        "p50 ms": round(statistics.median(times) * 1000),
        "min ms": round(min(times) * 1000),
        "max ms": round(max(times) * 1000),
    }


def measure(rounds: int) -> dict[str, list[float]]:
    """Seconds of each way, round after round."""
    from apps.lifecycle.services import migrate_fleet
    from tests.support.tenants import ROOT, acting

    measured: dict[str, list[float]] = {}
    with acting(ROOT) as context:
        migrate_fleet(context=context)
        ways = ways_of(context)
        for way in ways.values():
            way(0)  # imports, caches, the first connection
        for number in range(1, rounds + 1):
            for name, way in ways.items():
                started = time.perf_counter()
                way(number)
                measured.setdefault(name, []).append(time.perf_counter() - started)
            print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
    return measured


def ways_of(context: Any) -> dict[str, Callable[[int], object]]:
    """The four things that are compared."""
    from django.db import connection, transaction

    from apps.lifecycle.schemas.migrations import migrate_schema
    from apps.lifecycle.schemas.templates import replay, template_sql
    from apps.lifecycle.services import ProvisionTenant, provision_tenant, provisioning
    from apps.tenants.isolation import platform_scope
    from rustok.context import TenantRef
    from rustok.db.ids import new_id

    def by_migrations(number: int) -> None:
        schema = f"t_migrated_{number}"
        with platform_scope("benchmark"), connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {schema}")
        migrate_schema(TenantRef(id=new_id(), slug=schema, name="", schema=schema))

    def by_replay(number: int) -> None:
        with platform_scope("benchmark"), transaction.atomic():
            replay(template_sql() or "", f"t_replayed_{number}")

    def tenant(number: int, kind: str) -> None:
        wanted = ProvisionTenant(slug=f"{kind}-{number}", name=kind, admin_password="correct horse battery")
        provision_tenant(input=wanted, context=context)

    def tenant_by_migrations(number: int) -> None:
        kept, provisioning.template_sql = provisioning.template_sql, lambda: None
        try:
            tenant(number, "slow")
        finally:
            provisioning.template_sql = kept

    return {
        "schema by migrations": by_migrations,
        "schema by replay": by_replay,
        "tenant by migrations": tenant_by_migrations,
        "tenant by replay": lambda number: tenant(number, "fast"),
    }


@contextmanager
def own_database() -> Iterator[None]:
    """Point Django at a fresh database for the block."""
    from django.db import connection

    from tests.support.database import run_statement

    settings = connection.settings_dict
    settings["OPTIONS"].pop("pool", None)
    original, name = settings["NAME"], f"bench_{os.getpid()}"
    run_statement(f'CREATE DATABASE "{name}"')
    settings["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        settings["NAME"] = original
        run_statement(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
