"""Checks of what an installation is made of: connections, tables of every module, age of secrets and certificate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from cryptography.x509 import load_pem_x509_certificates
from django.apps import apps
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from rustok.config import config, secret_files
from rustok.db import pool
from rustok.db.shared import shared_rows
from rustok.health import CheckFailed, Observation

BUSY, FULL = 0.8, 1.25
SOON_DAYS: Final = 21
_DAY: Final = 86_400
_MISSING: Final = """
    SELECT wanted.schema, wanted.app, count(*) OVER ()
    FROM (
        SELECT 'public' AS schema, * FROM unnest(%(apps)s::text[], %(tables)s::text[]) AS shared(app, name)
        UNION ALL
        SELECT t.schema_name, own.* FROM public.tenants_tenant t,
               unnest(%(own_apps)s::text[], %(own_tables)s::text[]) AS own(app, name)
        WHERE t.status = 'active'
    ) wanted
    LEFT JOIN pg_namespace n ON n.nspname = wanted.schema
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name AND c.relkind IN ('r', 'p')
    WHERE c.oid IS NULL LIMIT 1
"""


def pool_load() -> Observation:
    """The value is how full this process's connection pool is, in percent; requests that wait count above 100."""
    load = pool.load()
    seen = Observation(value=round(load * 100, 1), unit="percent")
    if load >= FULL:
        raise CheckFailed(_("every database connection is taken and requests wait"), seen)
    return replace(seen, warning=_("nearly every database connection is taken")) if load >= BUSY else seen


def modules() -> Observation:
    """Every table of every module, in the shared schema and in each shop's; the value is the number of modules.

    One statement over the catalogue.
    """
    shared, own = _tables()
    given = {
        "apps": [app for app, _table in shared],
        "tables": [table for _app, table in shared],
        "own_apps": [app for app, _table in own],
        "own_tables": [table for _app, table in own],
    }
    missing = shared_rows(_MISSING, given)
    if missing:
        schema, app, count = missing[0]
        text = _("{count} tables are missing, the first of the module {app} in the schema {schema}")
        raise CheckFailed(text, count=count, app=app, schema=schema)
    return Observation(value=len({app for app, _table in shared + own}), unit="modules")


def secrets() -> Observation:
    """The value is the age of the oldest file that holds a secret, in days."""
    ages = {path: _age_days(path) for path in _watched_files()}
    gone = sorted(path.name for path, age in ages.items() if age is None)
    if gone:
        raise CheckFailed(_("these files of secrets are gone: {names}"), names=", ".join(gone))
    oldest = max((age for age in ages.values() if age is not None), default=0)
    late = oldest > config().secret_max_age_days
    return Observation(value=oldest, unit="days", warning=_("a secret has not been renewed for long") if late else "")


def certificate() -> Observation:
    """The value is how many days the first certificate of the configured file is still good (RFC 5280)."""
    path = config().certificate_file
    try:
        chain = load_pem_x509_certificates(path.read_bytes()) if path else []
    except (OSError, ValueError):
        raise CheckFailed(_("the certificate cannot be read")) from None
    left = min(((one.not_valid_after_utc - datetime.now(UTC)).days for one in chain), default=0)
    if left < 0:
        raise CheckFailed(_("the certificate has ended"), Observation(left, "days"))
    return Observation(value=left, unit="days", warning=_("the certificate ends soon") if left < SOON_DAYS else "")


def _watched_files() -> Iterator[Path]:
    yield from secret_files().values()
    key = config().audit_key_file
    if key is not None:
        yield key


def _age_days(path: Path) -> int | None:
    try:
        return int((time.time() - path.stat().st_mtime) // _DAY)
    except OSError:
        return None


@cache
def _tables() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(app, table) of the shared schema and of each tenant's."""
    shared, own = [], []
    for model in apps.get_models(include_auto_created=True):
        options = model._meta
        if not options.managed or options.proxy or options.swapped:
            continue
        name = options.app_config.name
        entry = (options.app_label, options.db_table)
        if name in settings.TENANT_APPS:
            own.append(entry)
        if name not in settings.TENANT_APPS or name in settings.SHARED_APPS:
            shared.append(entry)
    return shared, own
