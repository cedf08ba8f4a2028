"""Staying up when a neighbour does not: breaker, retry, timeout, bulkhead, service modes, admission. See README.md."""

from rustok.errors.resilience import BulkheadFull, CircuitOpen, Overloaded, ServiceDegraded
from rustok.resilience.dependencies import Dependency, dependency

__all__ = ["BulkheadFull", "CircuitOpen", "Dependency", "Overloaded", "ServiceDegraded", "dependency"]
