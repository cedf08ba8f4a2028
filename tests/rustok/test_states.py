"""The engine of state machines: every edge of a small machine, and tables that make no sense."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.errors.families import IllegalTransition
from rustok.states import Transitions

LAMP = Transitions("lamp", initial="off", table={"off": {"on", "broken"}, "on": {"off", "broken"}, "broken": set()})
EDGES = {("off", "on"), ("off", "broken"), ("on", "off"), ("on", "broken")}


@pytest.mark.parametrize(("source", "target"), list(itertools.product(LAMP.states, repeat=2)))
def test_exactly_the_edges_of_the_table_are_allowed(source, target):
    assert LAMP.allows(source, target) is ((source, target) in EDGES)


def test_an_illegal_move_names_machine_source_and_target():
    with pytest.raises(IllegalTransition) as caught:
        LAMP.check("broken", "on")

    assert caught.value.context == {"machine": "lamp", "source": "broken", "target": "on"}


def test_a_legal_move_is_silent():
    LAMP.check("off", "on")


def test_an_unknown_source_allows_nothing():
    assert not LAMP.allows("lost", "on")


def test_the_table_can_be_repeated_for_the_database():
    assert set(LAMP.pairs()) == EDGES
    assert LAMP.terminal == {"broken"}
    assert LAMP.sources_of("broken") == ("off", "on")


@pytest.mark.parametrize(
    ("initial", "table", "complaint"),
    [
        ("a", {"a": {"b"}}, "unknown states"),
        ("a", {"a": set(), "b": {"a"}}, "unreachable"),
        ("x", {"a": set()}, "x"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_when_it_is_defined(initial, table, complaint):
    with pytest.raises((ValueError, KeyError), match=complaint):
        Transitions("bad", initial=initial, table=table)


def test_the_table_cannot_be_changed_afterwards():
    with pytest.raises(TypeError):
        LAMP.table["off"] = frozenset()


@given(st.lists(st.sampled_from(LAMP.states), max_size=20))
def test_no_walk_leaves_a_terminal_state(wishes):
    state = LAMP.initial
    for wish in wishes:
        before = state
        state = wish if LAMP.allows(state, wish) else state
        assert before not in LAMP.terminal or state == before
