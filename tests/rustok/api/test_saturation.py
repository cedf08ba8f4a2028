"""Every connection is taken by slow statements: the door says so in time, with its code, and serves again later."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import pytest
from django.db import connection, connections

from apps.tenants.isolation import tenant_scope
from rustok.context import current
from tests.support.rest import Integrator

TAKEN, WAIT_SECONDS, SLOW_SECONDS = 2, 0.3, 1.5


@pytest.fixture
def pooled(live_acme, monkeypatch):
    """Threads get their connections from a pool of two; the test's own connection stays as it is."""
    options = {"min_size": 1, "max_size": TAKEN, "timeout": WAIT_SECONDS}
    theirs = deepcopy(connection.settings_dict)
    theirs["OPTIONS"]["pool"] = options
    monkeypatch.setitem(connections.settings, "default", theirs)
    yield live_acme
    connection._connection_pools.pop("default").close()


def occupy(tenant, taken):
    """Hold a connection with a slow statement."""
    with tenant_scope(tenant), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        taken.wait(10)
        cursor.execute("SELECT pg_sleep(%s)", [SLOW_SECONDS])
    connection.close()


def ask(shop):
    started = time.monotonic()
    answer = shop.get("products/")
    connection.close()
    return answer, time.monotonic() - started


def test_a_request_that_finds_no_connection_gets_5001_in_time_and_the_next_one_is_served(pooled):
    shop, taken = Integrator(pooled, current()), threading.Barrier(TAKEN + 1)
    with ThreadPoolExecutor(TAKEN + 2) as threads:
        slow = [threads.submit(occupy, pooled, taken) for _ in range(TAKEN)]
        taken.wait(10)
        refused = [threads.submit(ask, shop) for _ in range(2)]
        answers = [one.result(10) for one in refused]
        [one.result(10) for one in slow]
        served, _took = threads.submit(ask, shop).result(10)

    for answer, took in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, 5001)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert took < SLOW_SECONDS
    assert served.status_code == 200
