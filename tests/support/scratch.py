"""A database of one's own with a shop in it, for benchmarks: made in a second, dropped at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from django.db import connection, connections

from apps.lifecycle.schemas.migrations import migrate_shared
from apps.lifecycle.services import ProvisionTenant, provision_tenant
from rustok.config import config
from rustok.context import Actor, ExecutionContext, TenantRef, use


@contextmanager
def scratch_shop(slug: str = "bench") -> Iterator[TenantRef]:
    """Migrate a new database, open a shop in it, let the default connection lead there; an operator is acting."""
    url = config().database_url.get_secret_value()
    original, name = urlsplit(url).path.lstrip("/"), f"scratch_{os.getpid()}"
    settings = connection.settings_dict
    root = ExecutionContext(actor=Actor("user", "root", "root"), permissions=frozenset({"*:*"}))
    _run(url, f'CREATE DATABASE "{name}"')
    settings["NAME"] = name
    try:
        with use(root):
            migrate_shared()
            made = provision_tenant(input=ProvisionTenant(slug=slug, name=slug), context=root)
            yield made.tenant.ref()
    finally:
        connections.close_all()
        connection.close_pool()
        settings["NAME"] = original
        _run(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as link:
        link.execute(statement)
