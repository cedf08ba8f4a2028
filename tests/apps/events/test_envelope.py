"""CloudEvents 1.0: required members and our extensions, whatever the data hold."""

from __future__ import annotations

import re

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.events.envelope import cloud_event, encode, source_of
from apps.events.records import StoredEvent
from rustok.db.ids import new_id

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=8,
)


def event(data: object = None, **metadata: str) -> StoredEvent:
    raw, about = orjson.dumps(data).decode(), orjson.dumps(metadata).decode()
    return StoredEvent(new_id(), 7, "order-1", 3, "orders.order_paid", 2, raw, about, "2026-11-01T10:00:00.000005Z")


def test_attributes():
    attributes = cloud_event(event(traceparent="00-a-b-01", actor="user:1"), source=source_of("acme"))

    assert attributes["type"] == "orders.order_paid.v2"
    assert attributes["time"] == "2026-11-01T10:00:00.000005Z"
    assert (attributes["position"], attributes["sequence"]) == (7, "00000000000000000007")
    assert (attributes["partitionkey"], attributes["streamversion"]) == ("order-1", 3)
    assert (attributes["traceparent"], attributes["actor"]) == ("00-a-b-01", "user:1")


def test_attribute_names_follow_the_specification():
    """CloudEvents 1.0, "Naming conventions": lower-case letters and digits, at most 20 characters."""
    attributes = cloud_event(event(correlation="c", causation="d"), source=source_of(""))

    assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in attributes)
    assert {"specversion", "id", "source", "type"} <= set(attributes)


def test_absent_metadata_are_left_out():
    assert "causationid" not in cloud_event(event(), source=source_of("acme"))


@settings(suppress_health_check=[HealthCheck.too_slow])  # a loaded machine makes data slowly
@given(JSON)
def test_data_come_through_unchanged(data):
    assert orjson.loads(encode(event(data), source="//x"))["data"] == data
