"""Filters: what people write, what PostgreSQL matches, and the same answer in Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.events.errors import UnreadableFilter
from apps.events.partitions import PARTITION, partition_of
from apps.events.patterns import like_patterns, matches
from tests.support.events import run

TYPES = ("orders.order_placed.v1", "orders.order_placed.v2", "orders.orderXplaced.v1", "catalog.stock_low.v1")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ((), TYPES),
        (("*",), TYPES),
        (("orders.*",), TYPES[:3]),
        (("orders.order_placed",), TYPES[:2]),
        (("orders.order_placed.v2",), TYPES[1:2]),
        (("catalog.*", "orders.order_placed.v1"), (TYPES[0], TYPES[3])),
        (("order.*",), ()),
    ],
)
def test_filter_means_the_same_in_sql_and_python(platform, filters, expected):
    patterns = like_patterns(filters)

    assert run("SELECT t FROM unnest(%s::text[]) t WHERE t LIKE ANY (%s::text[])", list(TYPES), patterns) == [
        (name,) for name in expected
    ]
    assert tuple(name for name in TYPES if matches(name, filters)) == expected


@pytest.mark.parametrize("text", ["", "Orders.*", "orders.", ".orders", "orders..x", "a%", "*.x", "a.*.b", "x" * 121])
def test_other_forms_are_refused(text):
    with pytest.raises(UnreadableFilter):
        like_patterns([text])


@given(stream=st.text(), partitions=st.integers(1, 64))
def test_partition_is_one_of_them(stream, partitions):
    assert 0 <= partition_of(stream, partitions) < partitions


@pytest.mark.parametrize("partitions", [1, 2, 4, 7, 64])
def test_streams_fall_into_the_same_partition_everywhere(platform, partitions):
    streams = [f"order-{n}" for n in range(50)] + ["ключ", "", "a" * 200]
    expression = PARTITION.format(stream="t", partitions="%s")

    rows = run(f"SELECT {expression} FROM unnest(%s::text[]) t", partitions, partitions, streams)

    assert [row[0] for row in rows] == [partition_of(stream, partitions) for stream in streams]
