"""Why a row of a basket file did not become a line of an order: a closed vocabulary, one true sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """The kinds of refusal. NOTHING_SOLD drops its row only, every other one refuses the basket."""

    MALFORMED = "malformed_row"
    QUANTITY_NOT_WHOLE = "quantity_not_whole"
    RETURN = "return_not_sale"
    NOTHING_SOLD = "nothing_sold"
    VALUE_WITHOUT_QUANTITY = "value_without_quantity"
    BELOW_MINOR_UNIT = "unit_price_below_minor_unit"
    UNKNOWN_PRODUCT = "unknown_product"
    INSUFFICIENT_INVENTORY = "insufficient_inventory"
    REFUSED_BY_ORDERS = "refused_by_orders"
    CHANGED = "changed_since_import"
    EMPTY_BASKET = "nothing_left_to_order"
    IN_REFUSED_BASKET = "another_row_refused"

    @property
    def spoils_basket(self) -> bool:
        """Whether the basket falls with the row: an order without it would not add up to what was paid."""
        return self is not Reason.NOTHING_SOLD


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that was not imported: where it stands in the file, and why."""

    line: int
    basket: str
    product: str
    reason: Reason
    detail: str
    value: int = 0
    """What the row says was paid, in minor units; 0 when it cannot be read."""

    def as_dict(self) -> dict[str, Any]:
        """The row of the report."""
        return {
            "line": self.line,
            "basket_id": self.basket,
            "product_id": self.product,
            "reason": self.reason.value,
            "detail": self.detail,
            "value": self.value,
        }
