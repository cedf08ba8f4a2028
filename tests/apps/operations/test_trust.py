"""Upkeep of nonces and buckets, and whose credential is whose."""

from __future__ import annotations

import uuid

import pytest

from apps.operations.buckets import purge_buckets, take
from apps.operations.models import Nonce, RateBucket
from apps.operations.nonces import claim_nonce, purge_nonces
from apps.operations.owners import owner_of, remember_owner
from apps.operations.tasks import purge_trust

MINUTE = 60_000_000


@pytest.fixture
def long_ago():
    return 1_000_000_000_000_000


def test_only_what_is_over_is_purged(platform, long_ago):
    take(["old"], [MINUTE], [MINUTE], now=long_ago)
    take(["new"], [MINUTE], [MINUTE])
    claim_nonce(b"o" * 32, seconds=-1)
    claim_nonce(b"n" * 32, seconds=60)

    assert (purge_buckets(), purge_nonces()) == (1, 1)
    assert [bucket.key for bucket in RateBucket.objects.all()] == ["new"]
    assert [bytes(nonce.digest) for nonce in Nonce.objects.all()] == [b"n" * 32]


def test_a_nonce_past_its_end_is_claimed_again(platform):
    claim_nonce(b"o" * 32, seconds=-1)

    assert claim_nonce(b"o" * 32, seconds=60)


def test_upkeep_runs_as_a_task(platform, long_ago):
    take(["old"], [MINUTE], [MINUTE], now=long_ago)

    purge_trust()

    assert not RateBucket.objects.exists()


def test_the_first_owner_of_a_handle_stays(acme, platform):
    handle = f"rk_{uuid.uuid4().hex[:12]}"
    remember_owner(handle)

    assert owner_of(handle) is not None
    assert owner_of("rk_nobody") is None
