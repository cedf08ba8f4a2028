"""Features of orders that are switched by flags."""

from __future__ import annotations

from datetime import date
from typing import Final

from apps.flags.registry import FlagSpec, declare

NEW_CHECKOUT: Final = declare(
    FlagSpec(
        key="new-checkout-flow",
        owner="orders",
        expires=date(2027, 6, 30),
        note="On: a cart holds its goods for a while (reserve at cart). Off: goods are taken when the order is placed.",
    )
)
