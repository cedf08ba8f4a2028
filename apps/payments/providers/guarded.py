"""A provider behind its breaker, bulkhead and deadline: a sick one is left alone, and the others go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rustok.context import current
from rustok.money import Money
from rustok.resilience import Dependency, dependency

if TYPE_CHECKING:
    from apps.payments.providers import PaymentProvider


class GuardedProvider:
    """Calls through `dependency("payments")`, one breaker per shop and provider; a refused card is no outage."""

    def __init__(self, provider: PaymentProvider) -> None:
        """Guard this one."""
        self._provider = provider

    @property
    def name(self) -> str:
        """The provider's own name."""
        return self._provider.name

    def capture(self, *, money: Money, reference: str) -> str:
        """Take the money; raises what the provider raises, CircuitOpen or BulkheadFull."""
        return self._dependency().call(self._provider.capture, money=money, reference=reference)

    def refund(self, *, money: Money, reference: str) -> str:
        """Give the money back; raises as `capture`."""
        return self._dependency().call(self._provider.refund, money=money, reference=reference)

    def _dependency(self) -> Dependency:
        tenant = current().tenant
        return dependency("payments", key=tenant.id if tenant is not None else "", target=self.name)
