"""Where rate limits and nonces live: Valkey when it is configured, PostgreSQL otherwise. Both are exact.

Exact means: of any number of processes, as many requests get through as the limit says, and one of equal nonces.
"""

from __future__ import annotations

from functools import cache

from apps.security.zero_trust.stores.base import Bucket, StoreDown, Taken, TrustStore
from apps.security.zero_trust.stores.postgresql import PostgresTrustStore
from apps.security.zero_trust.stores.valkey import ValkeyTrustStore
from rustok.config import config, provenance

__all__ = ["Bucket", "StoreDown", "Taken", "TrustStore", "trust_store"]


@cache
def trust_store() -> TrustStore:
    """The store of this process."""
    wanted = config().trust_store
    if wanted == "auto":
        wanted = "postgresql" if provenance()["redis_url"] == "default" else "valkey"
    if wanted == "valkey":
        return ValkeyTrustStore(config().redis_url.get_secret_value())
    return PostgresTrustStore()
