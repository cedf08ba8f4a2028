"""JSON becomes the dataclass again, whatever its members are; a type's shape tells when it would not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypedDict
from uuid import UUID

import orjson
import pytest

from rustok.plain import reader, shape


class Colour(StrEnum):
    """One of two."""

    RED = "red"
    BLUE = "blue"


class Stop(TypedDict):
    """A member with a member."""

    at: datetime
    name: str


class Name(TypedDict):
    """Nothing to convert."""

    text: str


@dataclass(frozen=True)
class Inner:
    """Inside."""

    id: UUID


@dataclass(frozen=True)
class Everything:
    """Every type that events and states use."""

    id: UUID
    inner: Inner
    day: date
    at: datetime | None
    colour: Colour
    stops: tuple[Stop, ...]
    names: tuple[Name, ...]
    ids: list[UUID]
    by_name: dict[str, Inner]
    counts: dict[str, int]
    numbers: list[int]
    late: str = "default"


ID = UUID("01890000-0000-7000-8000-000000000001")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
WHOLE = Everything(
    id=ID,
    inner=Inner(ID),
    day=NOON.date(),
    at=None,
    colour=Colour.BLUE,
    stops=(Stop(at=NOON, name="here"),),
    names=(Name(text="x"),),
    ids=[ID],
    by_name={"a": Inner(ID)},
    counts={"a": 1},
    numbers=[1, 2],
)


def test_the_way_there_and_back_changes_nothing():
    assert reader(Everything)(orjson.loads(orjson.dumps(WHOLE))) == WHOLE


def test_missing_members_take_their_default_and_others_are_refused():
    read = reader(Inner)

    assert read({"id": str(ID), "unknown": 1}) == Inner(ID)
    with pytest.raises(TypeError):
        read({})


@pytest.mark.parametrize("hint", [int, str, bool, list[int], dict[str, int], Name, int | None])
def test_what_json_says_already_is_not_touched(hint):
    assert reader(hint) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (list[int], list[str]),
        (Stop, Name),
        (int, int | None),
        (Inner, Everything),
        (tuple[Stop, ...], tuple[Name, ...]),
    ],
)
def test_shapes_tell_types_apart(one, other):
    assert shape(one) != shape(other)
    assert shape(one) == shape(one)
