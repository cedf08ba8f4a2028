"""What the ring is given of a span: bounded, without secrets, in its place in the tree."""

import orjson
import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import SpanKind

from rustok.telemetry.redaction import MASK
from rustok.telemetry.ring import LONGEST, MOST
from rustok.telemetry.spans import LONGEST_FACT, MOST_FACTS, LiveSpan, grouped, readable

TRACE, CARD = "0af7651916cd43dd8448eb211c80319c", 4111111111111111


def made(span_id="b7ad6b7169203331", parent_id="00f067aa0ba902b7", **facts):
    span = LiveSpan(TRACE, span_id, parent_id, "work", SpanKind.INTERNAL, start=10**18, end=10**18 + 10**6)
    span.note(facts)
    return span


@pytest.mark.parametrize(
    ("name", "fact", "kept"),
    [
        ("url.path", "/orders/", "/orders/"),
        ("http.response.status_code", 201, 201),
        ("password", "hunter2", MASK),
        ("client_secret", 7, MASK),
        ("note", "Bearer abcdefghijkl", f"Bearer {MASK}"),
        ("number", CARD, MASK),
        ("position", 4111111111111112, 4111111111111112),
    ],
)
def test_facts_are_kept_without_secrets(name, fact, kept):
    span = made(**{name: fact, "other": "plain"})

    (item,) = grouped([span])[TRACE].items
    assert orjson.loads(item)["about"] == {name: kept, "other": "plain"}
    assert readable(span, Resource({})).attributes[name] == kept


def test_facts_are_bounded_in_number_and_length():
    span = made(**{f"fact{n}": "x" * 1_000 for n in range(MOST_FACTS + 3)})

    assert (len(span.about), len(span.about["fact0"])) == (MOST_FACTS, LONGEST_FACT)


def test_a_span_that_is_too_long_loses_its_details_only():
    (item,) = grouped([made(**{f"fact{n}": "x" * 500 for n in range(MOST_FACTS)})])[TRACE].items

    assert len(item) <= LONGEST
    assert {**orjson.loads(item), "about": {}}["parent"] == "00f067aa0ba902b7"


def test_what_a_trace_has_no_room_for_is_not_written_but_its_entry_is():
    late = [made(span_id=f"{n:016x}") for n in range(1, MOST + 9)]
    entry = made(span_id="f" * 16, parent_id="")
    late[-1].error = "broken"

    group = grouped([*late, entry])[TRACE]
    assert (len(group.items), group.facts["name"], group.keep) == (MOST + 1, "work", True)
