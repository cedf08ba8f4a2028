"""Staying up when a neighbour does not: breaker, retry, timeout, bulkhead, service modes, admission. See README.md."""

from rustok.resilience.dependencies import Dependency, dependency
from rustok.resilience.errors import BulkheadFull, CircuitOpen, Overloaded, ServiceDegraded

__all__ = ["BulkheadFull", "CircuitOpen", "Dependency", "Overloaded", "ServiceDegraded", "dependency"]
