"""Payment providers: who really moves the money. A new one is a class with the Protocol's methods and a line below.

A provider that calls out (HTTP) must not be called inside a transaction; it will need a capture in two steps with a
journal. The manual one records what a person did, so it may.
"""

from __future__ import annotations

from typing import Final, Protocol

from apps.payments.errors import UnknownProvider
from apps.payments.providers.guarded import GuardedProvider
from apps.payments.providers.manual import ManualProvider
from rustok.money import Money


class PaymentProvider(Protocol):
    """Takes and gives back money; returns its own reference for the deed."""

    @property
    def name(self) -> str:
        """The stable name, stored with each payment."""

    def capture(self, *, money: Money, reference: str) -> str:
        """Take the money; raises InsufficientFunds."""

    def refund(self, *, money: Money, reference: str) -> str:
        """Give the money back."""


_PROVIDERS: Final[dict[str, PaymentProvider]] = {provider.name: provider for provider in (ManualProvider(),)}


def get_provider(name: str) -> PaymentProvider:
    """The provider of that name, guarded; raises UnknownProvider."""
    try:
        return GuardedProvider(_PROVIDERS[name])
    except KeyError:
        raise UnknownProvider(provider=name[:32]) from None
