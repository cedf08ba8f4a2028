"""Races for real: threads with connections and transactions of their own, started at one moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from rustok.context import ExecutionContext, TenantRef
from tests.support.tenants import entered

PATIENCE = 60.0


def race(tenant: TenantRef, runners: Sequence[Callable[[ExecutionContext], Any]]) -> list[Any]:
    """Run all at once as Alice in the tenant; returns per runner what it returned or the exception it raised."""
    start = Barrier(len(runners), timeout=PATIENCE)

    def run(runner: Callable[[ExecutionContext], Any]) -> Any:
        try:
            with entered(tenant) as context:
                connection.ensure_connection()
                start.wait()
                return runner(context)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(runners)) as pool:
        return list(pool.map(run, runners))


def kinds(results: Sequence[Any]) -> Counter[str]:
    """How many results there are of each type."""
    return Counter(type(result).__name__ for result in results)
