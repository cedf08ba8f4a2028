"""Which migrations a tenant schema needs, and one hash over their contents."""

from __future__ import annotations

import hashlib
import inspect
from functools import cache
from typing import Final

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

MigrationKey = tuple[str, str]

_DUMP_FORMAT: Final = b"1"
"""Raise it when `dump` writes other SQL for the same schema: stored templates then count as stale."""


@cache
def tenant_labels() -> frozenset[str]:
    """Labels of the apps that have tables in every tenant's schema."""
    return frozenset(config.label for config in apps.get_app_configs() if config.name in settings.TENANT_APPS)


@cache
def _loader() -> MigrationLoader:
    return MigrationLoader(None)


@cache
def targets() -> tuple[MigrationKey, ...]:
    """The newest migrations of the tenant apps."""
    return tuple(sorted(key for key in _loader().graph.leaf_nodes() if key[0] in tenant_labels()))


@cache
def plan() -> tuple[MigrationKey, ...]:
    """Every migration that an up-to-date schema has recorded, dependencies in shared apps included."""
    keys: dict[MigrationKey, None] = {}
    for target in targets():
        keys.update(dict.fromkeys(_loader().graph.forwards_plan(target)))
    return tuple(keys)


@cache
def _contents() -> str:
    digest = hashlib.sha256(_DUMP_FORMAT)
    for key in sorted(plan()):
        migration = type(_loader().graph.nodes[key])
        source = inspect.getsource(inspect.getmodule(migration))  # type: ignore[arg-type]  # it was loaded from a module
        digest.update(repr((key, source)).encode())
    return digest.hexdigest()


def fingerprint() -> str:
    """Hash over the migrations' sources and the server's major version; 64 hex digits."""
    with connection.temporary_connection():
        major = connection.connection.info.server_version // 10_000
    return hashlib.sha256(f"{major}:{_contents()}".encode()).hexdigest()
