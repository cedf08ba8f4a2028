"""The pool: typed and in time when it is full, watched, numbered."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg_pool import ConnectionPool, PoolTimeout

from rustok import context
from rustok.config import config
from rustok.db import pool as pools
from rustok.db.deadlines import DeadlineConnection
from rustok.db.pool import IN_VAIN_SECONDS, PoolWatch, pool_options, saturation, waiting_once
from rustok.telemetry.metrics import REGISTRY


@pytest.fixture
def pool():
    options = pool_options(config()) | {"min_size": 1, "max_size": 1, "timeout": 0.1}
    with ConnectionPool(config().database_url.get_secret_value(), open=True, **options) as opened:
        opened.wait(5)
        yield opened


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels or None)


def test_options_come_from_the_configuration():
    options = pool_options(config())

    assert options["connection_class"] is DeadlineConnection
    assert (options["min_size"], options["max_size"]) == (config().database_pool_min, config().database_pool_max)
    assert options["max_lifetime"] == config().database_pool_max_lifetime


def test_a_full_pool_refuses_in_time(pool):
    started = time.monotonic()
    with pool.connection(), pytest.raises(PoolTimeout):
        pool.getconn()

    assert time.monotonic() - started < 2


def test_the_numbers_reach_prometheus(pool):
    watch = PoolWatch(pool, health_interval=0)
    watch.publish()
    asked, refused = value("rustok_db_pool_requests_total"), value("rustok_db_pool_timeouts_total")
    with pool.connection():
        with pytest.raises(PoolTimeout):
            pool.getconn()
        watch.publish()
        idle = value("rustok_db_pool_connections", state="idle")
    watch.publish()

    assert (value("rustok_db_pool_requests_total") - asked, value("rustok_db_pool_timeouts_total") - refused) == (2, 1)
    assert (idle, value("rustok_db_pool_connections", state="most")) == (0, 1)


def test_idle_connections_that_died_are_replaced_by_the_check(pool):
    with pool.connection() as connection:
        first = connection.info.backend_pid
    with DeadlineConnection.connect(config().database_url.get_secret_value(), autocommit=True) as killer:
        killer.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    PoolWatch(pool, health_interval=1).tick()

    with pool.connection(timeout=5) as connection:
        assert connection.info.backend_pid != first


def test_a_connection_is_replaced_when_its_life_is_over():
    options = pool_options(config()) | {"min_size": 1, "max_size": 1, "timeout": 5, "max_lifetime": 0.2}
    seen = []
    with ConnectionPool(config().database_url.get_secret_value(), open=True, **options) as old_soon:
        for _ in range(3):
            with old_soon.connection() as connection:
                seen.append(connection.info.backend_pid)
                connection.execute("SELECT pg_sleep(0.25)")

    assert len(set(seen)) == 3


@pytest.mark.parametrize(
    ("stats", "expected"),
    [
        ({"pool_max": 4, "pool_size": 4, "pool_available": 4}, 0.0),
        ({"pool_max": 4, "pool_size": 4, "pool_available": 1}, 0.75),
        ({"pool_max": 4, "pool_size": 4, "pool_available": 0, "requests_waiting": 4}, 2.0),
        ({}, 0.0),
    ],
    ids=["idle", "busy", "queue", "none"],
)
def test_saturation(stats, expected):
    assert saturation(stats) == expected


def test_a_pool_is_watched_once_and_its_load_is_known(pool):
    pools.watch(pool, health_interval=0)
    pools.watch(pool, health_interval=0)
    with pool.connection():
        assert pools.load() >= 1.0


def test_who_waits_for_a_connection_of_a_silent_server_is_dismissed(pool):
    pools.watch(pool, health_interval=0)
    with pool.connection(), ThreadPoolExecutor(1) as others:
        waiting = others.submit(pool.getconn, 20)
        while not waiting.done():
            pools.dismiss()

        assert isinstance(waiting.exception(), PoolTimeout)
        assert pool.get_stats().get("requests_waiting", 0) == 0


def test_who_has_waited_in_vain_does_not_wait_again_to_tell_it():
    def wait(*, in_vain):
        with waiting_once():
            if in_vain:
                raise PoolTimeout("first")

    with context.use(context.ExecutionContext()):
        with pytest.raises(PoolTimeout, match="first"):
            wait(in_vain=True)
        with pytest.raises(PoolTimeout, match="a moment ago"):
            wait(in_vain=False)
        context.current().memo.update({name: at - IN_VAIN_SECONDS for name, at in context.current().memo.items()})
        wait(in_vain=False)
    wait(in_vain=False)
