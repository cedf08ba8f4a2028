"""Whole coins: parts add up to what was paid, and differ by the smallest coin at most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orders.importing.pricing import split_evenly


@pytest.mark.parametrize(
    ("value", "quantity", "parts"),
    [
        (300, 3, ((3, 100),)),
        (100, 3, ((2, 33), (1, 34))),
        (0, 2, ((2, 0),)),
        (5, 1, ((1, 5),)),
    ],
)
def test_known_splits(value: int, quantity: int, parts: tuple[tuple[int, int], ...]) -> None:
    assert split_evenly(value=value, quantity=quantity) == parts


@given(value=st.integers(0, 10**12), quantity=st.integers(1, 10**6))
def test_nothing_is_lost_and_prices_differ_by_one_coin_at_most(value: int, quantity: int) -> None:
    parts = split_evenly(value=value, quantity=quantity)
    prices = [price for _pieces, price in parts]

    assert sum(pieces * price for pieces, price in parts) == value
    assert sum(pieces for pieces, _price in parts) == quantity
    assert max(prices) - min(prices) <= 1


@pytest.mark.parametrize(("value", "quantity"), [(1, 0), (-1, 1), (1, -1)])
def test_what_is_no_sale_has_no_price(value: int, quantity: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        split_evenly(value=value, quantity=quantity)
