"""What an import did, to the basket, the row and the cent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from apps.orders.importing.refusals import Reason, Refusal
from apps.orders.importing.rows import Basket

KEPT_REFUSALS: Final = 10_000
"""Refused rows that a report keeps in memory; all of them are counted."""


@dataclass(slots=True)
class ImportReport:
    """Counts of one run. `already` were imported by an earlier run; values are in minor units of `currency`.

    baskets = imported + already + refused, and value_read = value_imported + value_already + value_refused.
    """

    currency: str
    baskets: int = 0
    imported: int = 0
    already: int = 0
    refused: int = 0
    rows: int = 0
    rows_refused: int = 0
    value_imported: int = 0
    value_already: int = 0
    value_refused: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)
    refused_baskets: Counter[Reason] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)
    on_refusal: Callable[[Refusal], None] = lambda _refusal: None

    def took(self, basket: Basket) -> None:
        """Count a basket that became an order; some of its rows may have been dropped."""
        self._read(basket)
        self.imported += 1
        self.value_imported += basket.total
        self._note(basket.refusals)

    def knew(self, basket: Basket) -> None:
        """Count a basket that is an order since an earlier run."""
        self._read(basket)
        self.already += 1
        self.value_already += basket.total
        self._note(basket.refusals)

    def turned_down(self, basket: Basket, refusals: Iterable[Refusal], reason: Reason) -> None:
        """Count a basket that did not become an order; `refusals` has one entry for each of its rows."""
        self._read(basket)
        self.refused += 1
        self.value_refused += basket.value
        self.refused_baskets[reason] += 1
        self._note(refusals)

    def as_dict(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "baskets": {
                "read": self.baskets,
                "imported": self.imported,
                "already_imported": self.already,
                "refused": self.refused,
                "refused_by_reason": _named(self.refused_baskets),
            },
            "rows": {
                "read": self.rows,
                "refused": self.rows_refused,
                "refused_by_reason": _named(self.reasons),
            },
            "value": {
                "currency": self.currency,
                "imported": self.value_imported,
                "already_imported": self.value_already,
                "refused": self.value_refused,
            },
            "refusals": [refusal.as_dict() for refusal in self.refusals],
            "refusals_complete": len(self.refusals) == self.rows_refused,
        }

    def _read(self, basket: Basket) -> None:
        self.baskets += 1
        self.rows += len(basket.lines)

    def _note(self, refusals: Iterable[Refusal]) -> None:
        for refusal in refusals:
            self.rows_refused += 1
            self.reasons[refusal.reason] += 1
            self.on_refusal(refusal)
            if len(self.refusals) < KEPT_REFUSALS:
                self.refusals.append(refusal)


def _named(counts: Counter[Reason]) -> dict[str, int]:
    return {reason.value: count for reason, count in counts.most_common()}
