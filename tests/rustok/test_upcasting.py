"""Old events are read as new ones: pure steps from version to version, data untouched, errors typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from rustok.events import DomainEvent
from rustok.upcasting import UnreadableEvent, decode, is_current, old_versions, upcast, upcaster

PARCEL = UUID("01890000-0000-7000-8000-000000000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelSent(DomainEvent):
    """A parcel left. Version 1 had grams as a text, version 2 had no insurance."""

    type: ClassVar[str] = "testkit.parcel_sent"
    version: ClassVar[int] = 3
    aggregate: ClassVar[str] = "parcel"
    key: ClassVar[str] = "parcel_id"

    parcel_id: UUID
    grams: int
    insured: bool
    sent_at: datetime | None = None


@upcaster("testkit.parcel_sent", from_version=1)
def grams_as_number(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 to 2."""
    return {"parcel_id": data["parcel_id"], "grams": int(data["weight"].removesuffix(" g"))}


@upcaster("testkit.parcel_sent", from_version=2)
def without_insurance(data: dict[str, Any]) -> dict[str, Any]:
    """Version 2 to 3."""
    return data | {"insured": False}


CORPUS = {
    1: {"parcel_id": str(PARCEL), "weight": "250 g"},
    2: {"parcel_id": str(PARCEL), "grams": 250},
    3: {"parcel_id": str(PARCEL), "grams": 250, "insured": False},
}


@pytest.mark.parametrize("version", CORPUS)
def test_every_past_version_is_read_as_the_newest(version):
    raw = orjson.dumps(CORPUS[version]).decode()

    assert decode("testkit.parcel_sent", version, raw) == ParcelSent(parcel_id=PARCEL, grams=250, insured=False)


def test_steps_do_not_change_what_they_are_given():
    old = dict(CORPUS[1])

    upcast("testkit.parcel_sent", 1, old)

    assert old == CORPUS[1]


def test_a_version_is_old_when_a_step_leads_away():
    assert [is_current("testkit.parcel_sent", version) for version in CORPUS] == [False, False, True]
    assert old_versions() >= {("testkit.parcel_sent", 1), ("testkit.parcel_sent", 2)}


@pytest.mark.parametrize(
    ("event_type", "version", "raw"),
    [
        ("testkit.parcel_sent", 3, "{"),
        ("testkit.parcel_sent", 3, "[]"),
        ("testkit.parcel_sent", 3, '{"grams": 1, "insured": true}'),
        ("testkit.parcel_sent", 3, '{"parcel_id": "no uuid", "grams": 1, "insured": true}'),
        ("testkit.parcel_sent", 1, '{"parcel_id": "x"}'),
        ("testkit.parcel_sent", 4, "{}"),
        ("testkit.never_heard_of", 1, "{}"),
    ],
)
def test_what_cannot_be_read_is_one_error(event_type, version, raw):
    with pytest.raises(UnreadableEvent):
        decode(event_type, version, raw)


def test_unknown_members_are_ignored():
    data = CORPUS[3] | {"added_later": 1}

    assert decode("testkit.parcel_sent", 3, orjson.dumps(data).decode()).grams == 250


@given(
    grams=some.integers(0, 2**53),
    insured=some.booleans(),
    sent_at=some.none() | some.datetimes(timezones=some.just(UTC)),
)
def test_what_is_written_is_read(grams, insured, sent_at):
    event = ParcelSent(parcel_id=PARCEL, grams=grams, insured=insured, sent_at=sent_at)

    assert decode(event.type, event.version, orjson.dumps(event.data()).decode()) == event


def test_two_ways_from_one_version_are_a_programming_error():
    with pytest.raises(TypeError, match="two upcasters"):
        upcaster("testkit.parcel_sent", from_version=1)(without_insurance)
