"""Limits and nonces in PostgreSQL, for installations without Valkey: exact, and a commit dearer."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import InterfaceError, OperationalError

from apps.operations.buckets import take
from apps.operations.nonces import claim_nonce
from apps.security.zero_trust.stores.base import Bucket, StoreDown, Taken


class PostgresTrustStore:
    """Each call is one statement, outside every transaction of the request."""

    def take(self, buckets: Sequence[Bucket], cost: int, *, now: int | None = None) -> Taken:
        """Charge every bucket, or none of them."""
        keys = [bucket.key for bucket in buckets]
        costs = [bucket.interval * cost for bucket in buckets]
        try:
            refused, arrivals, moment = take(keys, costs, [bucket.depth for bucket in buckets], now=now)
        except (OperationalError, InterfaceError) as error:
            raise StoreDown(str(error)) from error
        return Taken(tuple(buckets), refused, tuple(arrivals), moment, cost)

    def claim(self, digest: bytes, *, seconds: int) -> bool:
        """Whether this is the first claim of the nonce within `seconds`."""
        try:
            return claim_nonce(digest, seconds=seconds)
        except (OperationalError, InterfaceError) as error:
            raise StoreDown(str(error)) from error
