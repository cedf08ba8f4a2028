"""Circuit breakers whose state is shared by all processes. Most code wants `rustok.resilience.dependency()`."""

from rustok.resilience.circuit_breaker.breaker import CircuitBreaker
from rustok.resilience.circuit_breaker.core import REFERENCE, TENANT_DATABASE, Override, Policy, Record, State
from rustok.resilience.circuit_breaker.registry import Registry
from rustok.resilience.circuit_breaker.store import BreakerStore, MemoryStore, RedisStore, StoreUnavailable

__all__ = [
    "REFERENCE",
    "TENANT_DATABASE",
    "BreakerStore",
    "CircuitBreaker",
    "MemoryStore",
    "Override",
    "Policy",
    "Record",
    "RedisStore",
    "Registry",
    "State",
    "StoreUnavailable",
]
