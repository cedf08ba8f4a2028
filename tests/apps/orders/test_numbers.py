"""Order numbers: short, readable, unique, in order of time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.orders.numbers import order_number

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2053, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@given(moments)
def test_it_can_be_read_over_the_phone(at):
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{6}-[0-9A-HJKMNP-TV-Z]{6}", order_number(at))


@given(moments, st.integers(min_value=1, max_value=10**9))
def test_later_numbers_sort_later(at, milliseconds):
    assert order_number(at) < order_number(at + timedelta(milliseconds=milliseconds))


def test_orders_of_one_millisecond_differ():
    assert len({order_number(NOON) for _ in range(100)}) > 95
