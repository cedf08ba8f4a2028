"""A change made in one process is known in the others within the stated bound."""

from __future__ import annotations

import time

from apps.lifecycle.services import suspend_tenant
from apps.tenants.resolution.directory import HARD_SECONDS
from rustok.context import TenantRef, current
from tests.support.processes import python


def test_suspension_is_seen_by_another_process_within_the_bound(live_acme: TenantRef) -> None:
    with python("-m", "tests.support.watch_tenant", "acme") as watcher:
        assert watcher.stdout is not None
        watcher.stdout.readline()  # it has the tenant in its memory now
        suspend_tenant(tenant_id=live_acme.id, reason="unpaid", context=current())
        committed = time.monotonic()
        seen = [line.split() for line in watcher.stdout]

    late = [status for started, status in seen if float(started) > committed + HARD_SECONDS]
    assert seen[-1][1] == "suspended"
    assert "active" not in late
