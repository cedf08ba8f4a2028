"""Limits and nonces: exact from any number of processes, in both stores, with real servers."""

from __future__ import annotations

import math
import multiprocessing
import time
import uuid

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from apps.security.zero_trust.stores import Bucket, StoreDown, Taken
from apps.security.zero_trust.stores.postgresql import PostgresTrustStore
from apps.security.zero_trust.stores.valkey import ValkeyTrustStore
from rustok.config import config

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # children touch nothing inherited

PROCESSES, EACH = 8, 40
FROZEN = 1_800_000_000_000_000
FORK = multiprocessing.get_context("fork")
_inherited = []


def valkey():
    return ValkeyTrustStore(config().redis_url.get_secret_value())


STORES = {"valkey": valkey, "postgresql": PostgresTrustStore}


@pytest.fixture(params=STORES)
def kind(request, live_acme):
    return request.param


@pytest.fixture
def store(kind):
    return STORES[kind]()


def bucket(quota, window=60.0):
    return Bucket("key", f"test:{uuid.uuid4().hex}", quota, window)


def _work(kind, start, results, do):
    _inherited.append(connection.connection)  # the parent's: neither used nor closed here
    connection.connection = None
    store = STORES[kind]()
    start.wait(30)
    began = time.monotonic()  # the same clock in every process
    counted = sum(do(store) for _ in range(EACH))
    results.put((counted, began, time.monotonic()))
    connection.close()


def crowd(kind, do):
    """What 8 processes counted, and the seconds from the first call to the last answer."""
    start, results = FORK.Barrier(PROCESSES + 1), FORK.Queue()
    workers = [FORK.Process(target=_work, args=(kind, start, results, do)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    start.wait(30)
    counts, begins, ends = zip(*(results.get(timeout=60) for _ in workers), strict=True)
    for worker in workers:
        worker.join(30)
    return sum(counts), max(ends) - min(begins)


def test_eight_processes_get_exactly_the_limit_while_time_stands_still(kind):
    wanted = bucket(100)

    accepted, _elapsed = crowd(kind, lambda store: store.take([wanted], 1, now=FROZEN).allowed)

    assert accepted == 100


def test_eight_processes_get_the_limit_and_what_was_refilled_meanwhile(kind):
    wanted = bucket(60, window=2.0)

    accepted, elapsed = crowd(kind, lambda store: store.take([wanted], 1).allowed)

    assert 60 <= accepted <= 60 + math.ceil(30 * elapsed)


def test_one_of_eight_processes_claims_a_nonce(kind):
    digest = uuid.uuid4().bytes * 2

    accepted, _elapsed = crowd(kind, lambda store: store.claim(digest, seconds=60))

    assert accepted == 1


def test_costs_are_charged_whole_or_not_at_all(store):
    wide, narrow = bucket(100), bucket(10)
    assert store.take([wide, narrow], 7, now=FROZEN).allowed

    refused = store.take([wide, narrow], 4, now=FROZEN)

    assert (refused.allowed, refused.refused, refused.left(0), refused.left(1)) == (False, 1, 93, 3)
    assert store.take([wide, narrow], 3, now=FROZEN).left(1) == 0


def test_units_come_back_evenly(store):
    wanted = bucket(10, window=10.0)
    assert store.take([wanted], 10, now=FROZEN).allowed
    refused = store.take([wanted], 2, now=FROZEN)

    assert (refused.allowed, refused.retry_after) == (False, 2.0)
    assert not store.take([wanted], 2, now=FROZEN + 1_999_999).allowed
    assert store.take([wanted], 2, now=FROZEN + 2_000_000).allowed


def test_a_nonce_is_free_again_after_its_time(store):
    digest = uuid.uuid4().bytes * 2

    assert [store.claim(digest, seconds=60), store.claim(digest, seconds=60)] == [True, False]


def test_a_dead_store_is_told_apart_and_left_alone_for_a_while():
    dead = ValkeyTrustStore("redis://127.0.0.1:1/0")

    with pytest.raises(StoreDown):
        dead.take([bucket(1)], 1)
    with pytest.raises(StoreDown, match="left alone"):
        dead.take([bucket(1)], 1)


def test_a_connection_that_the_server_has_closed_is_opened_again():
    store, wanted = valkey(), bucket(5)
    store.take([wanted], 1)
    store._own.connection._sock.shutdown(2)  # what a restarted server does to us

    assert store.take([wanted], 1).allowed


@given(quota=st.integers(1, 10_000_000), window=st.floats(0.5, 3600), cost=st.integers(1, 50))
def test_a_full_bucket_holds_its_quota_and_never_more_than_that_comes_back_in_a_window(quota, window, cost):
    limit = Bucket("key", "k", quota, window)

    assert limit.depth // limit.interval == quota
    assert limit.depth >= window * 1_000_000 * (1 - 1e-9)
    assert Taken((limit,), -1, (FROZEN + limit.interval * cost,), FROZEN, cost).left(0) == max(0, quota - cost)
