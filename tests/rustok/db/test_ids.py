"""IdSet behaves like a set of integers, and a stored one is believed only when it is whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.db.ids import MAX_ORDINAL, IdSet

ordinals = st.sets(st.one_of(st.integers(0, 200), st.integers(0, MAX_ORDINAL)))


@given(ordinals, ordinals)
def test_it_computes_like_a_set(left, right):
    a, b = IdSet(left), IdSet(right)

    assert (set(a | b), set(a & b), set(a - b), set(a ^ b)) == (left | right, left & right, left - right, left ^ right)
    assert (a == b, a <= b, a.isdisjoint(b)) == (left == right, left <= right, left.isdisjoint(right))
    assert (len(a), list(a)) == (len(left), sorted(left))


@given(ordinals, st.integers(-5, MAX_ORDINAL + 5))
def test_it_knows_its_members(members, other):
    found = IdSet(members)

    assert all(member in found for member in members)
    assert (other in found) == (other in members)


@given(ordinals)
def test_what_was_stored_is_read_back(members):
    stored = IdSet(members)

    assert IdSet.from_bytes(stored.to_bytes()) == stored
    assert hash(IdSet.from_bytes(stored.to_bytes())) == hash(stored)


@given(st.binary(max_size=64))
def test_anything_else_is_refused(junk):
    with pytest.raises(ValueError, match="not a stored IdSet"):
        IdSet.from_bytes(junk)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b[:9] + bytes([b[9] ^ 1]) + b[10:]])
def test_a_damaged_one_is_refused(damage):
    with pytest.raises(ValueError, match="not a stored IdSet"):
        IdSet.from_bytes(damage(IdSet(range(100)).to_bytes()))


@pytest.mark.parametrize("ordinal", [-1, MAX_ORDINAL + 1])
def test_ordinals_have_32_bits(ordinal):
    with pytest.raises(OverflowError):
        IdSet([ordinal])


@pytest.mark.parametrize("thing", ["5", 5.5, None, -1, MAX_ORDINAL + 1])
def test_other_things_are_no_members(thing):
    assert thing not in IdSet(range(10))


def test_dense_ordinals_are_small():
    million = IdSet(number for number in range(1_500_000) if number % 3)

    assert len(million) == 1_000_000
    assert len(million.to_bytes()) < 200_000
    assert "1000000 ordinals" in repr(million)
