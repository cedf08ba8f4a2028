"""Domain events: frozen facts with a stable name."""

from dataclasses import FrozenInstanceError, dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import orjson
import pytest

from rustok.events import DomainEvent, event_types


@dataclass(frozen=True, slots=True, kw_only=True)
class LampLit(DomainEvent):
    """A fact for these tests."""

    type: ClassVar[str] = "tests.lamp_lit"
    aggregate: ClassVar[str] = "lamp"
    key: ClassVar[str] = "lamp_id"
    lamp_id: UUID
    at: datetime
    rooms: tuple[str, ...] = ()


LIT = LampLit(lamp_id=UUID(int=1), at=datetime(2026, 1, 2, tzinfo=UTC), rooms=("hall",))


@pytest.fixture(autouse=True)
def _forget_test_events():
    yield
    from rustok import events

    for key in [key for key in events._types if key[0] == "tests.other"]:
        del events._types[key]


def test_a_fact_belongs_to_the_stream_of_its_aggregate():
    assert LIT.stream == f"lamp-{UUID(int=1)}"


def test_the_published_name_carries_the_version():
    assert LampLit.wire_type() == "tests.lamp_lit.v1"
    assert event_types()[("tests.lamp_lit", 1)] is LampLit


def test_data_are_plain_json():
    assert orjson.loads(orjson.dumps(LIT.data())) == {
        "lamp_id": str(UUID(int=1)),
        "at": "2026-01-02T00:00:00+00:00",
        "rooms": ["hall"],
    }


def test_a_fact_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        LIT.rooms = ()


def test_one_name_for_two_classes_is_refused():
    body = {"type": "tests.other", "__annotations__": {"type": "ClassVar[str]"}}
    type("First", (DomainEvent,), dict(body))

    with pytest.raises(TypeError, match="used twice"):
        type("Second", (DomainEvent,), dict(body))
