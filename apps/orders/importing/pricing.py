"""Whole coins from a line total: three pieces for 1.00 are two at 0.33 and one at 0.34.

A till knows what was paid for all pieces of a product; an order line knows pieces and the price of one. Where the
total does not divide, the line becomes two whose prices differ by the smallest coin, so that the order's total is
exactly what was paid. Rounding instead would invent or lose money.
"""

from __future__ import annotations


def split_evenly(*, value: int, quantity: int) -> tuple[tuple[int, int], ...]:
    """Return (pieces, price of one) pairs, one or two, whose products add up to `value` and pieces to `quantity`.

    `quantity` must be positive and `value` not negative; prices are in minor units.
    """
    if quantity <= 0 or value < 0:
        raise ValueError("pieces must be positive and the value not negative")
    price, dearer = divmod(value, quantity)
    parts = ((quantity - dearer, price), (dearer, price + 1))
    return tuple(part for part in parts if part[0])
