"""The table is the specification; any walk through it stays inside it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orders.models import OrderStatus
from apps.orders.states import ORDER
from rustok.errors.families import IllegalTransition

EDGES = {
    ("pending", "confirmed"),
    ("pending", "cancelled"),
    ("confirmed", "paid"),
    ("confirmed", "cancelled"),
    ("paid", "shipped"),
    ("paid", "cancelled"),
    ("shipped", "delivered"),
    ("shipped", "cancelled"),
}


def test_the_edges_are_those_of_the_requirement():
    assert set(ORDER.pairs()) == EDGES
    assert ORDER.terminal == {"delivered", "cancelled"}


def test_the_model_knows_every_state():
    assert set(OrderStatus.values) == set(ORDER.states)


@pytest.mark.parametrize("source", ORDER.states)
@pytest.mark.parametrize("target", ORDER.states)
def test_every_pair_is_an_edge_or_refused(source, target):
    if (source, target) in EDGES:
        ORDER.check(source, target)
    else:
        with pytest.raises(IllegalTransition):
            ORDER.check(source, target)


@given(st.lists(st.sampled_from(ORDER.states), max_size=30))
def test_a_random_walk_never_leaves_a_terminal_state(wishes):
    state, path = ORDER.initial, [ORDER.initial]
    for wish in wishes:
        if ORDER.allows(state, wish):
            state = wish
            path.append(state)

    assert all(pair in EDGES for pair in pairwise(path))
    assert not set(path[:-1]) & ORDER.terminal
