"""Types of event fields as JSON Schema; what events cannot carry is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, TypedDict
from uuid import UUID

import pytest

from apps.events.json_types import schema_of_type


class Colour(StrEnum):
    RED = "red"


class Part(TypedDict, total=False):
    name: str


@dataclass
class Point:
    """A place."""

    x: int


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (str, TEXT),
        (int, {"type": "integer"}),
        (bool, {"type": "boolean"}),
        (UUID, {**TEXT, "format": "uuid"}),
        (datetime, {**TEXT, "format": "date-time"}),
        (date, {**TEXT, "format": "date"}),
        (Any, {}),
        (Literal["a", "b"], {"enum": ["a", "b"]}),
        (str | None, {"anyOf": [TEXT, {"type": "null"}]}),
        (list[str], {"type": "array", "items": TEXT}),
        (tuple[str, ...], {"type": "array", "items": TEXT}),
        (dict[str, str], {"type": "object", "additionalProperties": TEXT}),
        (Colour, {"enum": ["red"]}),
    ],
)
def test_type(kind, schema):
    assert schema_of_type(kind) == schema


def test_members_of_a_dataclass_are_required():
    assert schema_of_type(Point)["required"] == ["x"]


def test_members_with_a_default_came_later_and_are_not():
    @dataclass
    class Grown:
        """A place that has grown."""

        x: int
        y: int = 0

    assert schema_of_type(Grown)["required"] == ["x"]


def test_members_of_a_typed_dict_are_required_as_it_says():
    assert schema_of_type(Part)["required"] == []


@pytest.mark.parametrize("kind", [object, set[str], bytes, tuple[str, int]])
def test_other_types_are_refused(kind):
    with pytest.raises(TypeError):
        schema_of_type(kind)
