"""Strict models: nothing is coerced, unknown members are refused, places are named."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.http import QueryDict
from django.utils import translation
from pydantic import Field

from rustok.api import Body, Query
from rustok.api.models import Line, Moment
from rustok.api.validation import MAX_REPORTED, parse_body, parse_query, pointer
from rustok.errors.families import InvalidInput, MalformedBody


class Item(Body):
    sku: Line
    quantity: int = Field(ge=1)


class Basket(Body):
    lines: list[Item] = Field(default_factory=list)
    note: str | None = None


class Filter(Query):
    limit: int = 20
    open: bool | None = None
    since: Moment | None = None
    name: str | None = None


def places(error: pytest.ExceptionInfo[InvalidInput]) -> list[tuple[str, str]]:
    return [(place.pointer, place.code) for place in error.value.errors]


def test_a_good_body_becomes_a_model():
    basket = parse_body(Basket, b'{"lines": [{"sku": "A", "quantity": 2}]}')

    assert basket.lines[0].quantity == 2


def test_no_body_stands_for_an_empty_object():
    assert parse_body(Basket, b"") == Basket()


@pytest.mark.parametrize("quantity", [b"2.0", b"2e0", b"0.2e1", b"200E-2"])
def test_whole_numbers_may_be_spelled_with_a_point(quantity):
    basket = parse_body(Basket, b'{"lines": [{"sku": "1.0", "quantity": ' + quantity + b"}]}")

    assert (basket.lines[0].quantity, basket.lines[0].sku) == (2, "1.0")


WRONG = {
    "text for a number": (b'{"lines": [{"sku": "A", "quantity": "2"}]}', ("/lines/0/quantity", "int_type")),
    "bool for a number": (b'{"lines": [{"sku": "A", "quantity": true}]}', ("/lines/0/quantity", "int_type")),
    "real for a number": (b'{"lines": [{"sku": "A", "quantity": 1.5}]}', ("/lines/0/quantity", "int_type")),
    "number for a text": (b'{"lines": [{"sku": 1, "quantity": 1}]}', ("/lines/0/sku", "string_type")),
    "zero": (b'{"lines": [{"sku": "A", "quantity": 0}]}', ("/lines/0/quantity", "greater_than_equal")),
    "unknown member": (b'{"x/~y": 1}', ("/x~1~0y", "extra_forbidden")),
    "missing member": (b'{"lines": [{"sku": "A"}]}', ("/lines/0/quantity", "missing")),
    "object for a list": (b'{"lines": {}}', ("/lines", "list_type")),
    "control character": (
        b'{"lines": [{"sku": "A\\u0007", "quantity": 1}]}',
        ("/lines/0/sku", "string_pattern_mismatch"),
    ),
}


@pytest.mark.parametrize(("raw", "place"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_by_place_and_word(raw, place):
    with pytest.raises(InvalidInput) as refused:
        parse_body(Basket, raw)

    assert place in [(pointer_, code.replace("int_from_float", "int_type")) for pointer_, code in places(refused)]


@pytest.mark.parametrize("raw", [b"[]", b"1", b'"x"', b"null"])
def test_a_document_that_is_no_object_is_refused(raw):
    with pytest.raises(InvalidInput):
        parse_body(Basket, raw)


def test_a_thousand_mistakes_are_not_all_told():
    with pytest.raises(InvalidInput) as refused:
        parse_body(Basket, b'{"lines": [' + b",".join([b"1"] * 1000) + b"]}")

    assert len(refused.value.errors) == MAX_REPORTED


def test_the_answer_does_not_repeat_the_input():
    with pytest.raises(InvalidInput) as refused:
        parse_body(Basket, b'{"note": {"secret": "hunter2"}}')

    assert "hunter2" not in str([place.as_dict() for place in refused.value.errors])


def test_texts_follow_the_language():
    with pytest.raises(InvalidInput) as refused, translation.override("en"):
        parse_body(Basket, b'{"lines": [{}]}')

    assert refused.value.errors[0].as_dict()["message"] == "This member is required."


def test_malformed_json_is_no_invalid_input():
    with pytest.raises(MalformedBody):
        parse_body(Basket, b"{")


def test_query_values_are_read_in_their_canonical_spelling():
    found = parse_query(Filter, QueryDict("limit=5&open=true&since=2026-01-02T03:04:05Z&name=%C3%A9"))

    assert (found.limit, found.open, found.name) == (5, True, "é")
    assert found.since == datetime.fromisoformat("2026-01-02T03:04:05+00:00")


MOMENTS = {
    "2026-01-02T03:04:05%2B21:37": "2026-01-01T05:27:05",  # an offset that PostgreSQL refuses
    "0001-01-01T00:00:00%2B01:00": "0001-01-01T00:00:00",
    "9999-12-31T23:59:59-01:00": "9999-12-31T23:59:59.999999",
}


@pytest.mark.parametrize(("given", "held"), MOMENTS.items(), ids=MOMENTS)
def test_moments_are_held_in_utc(given, held):
    assert parse_query(Filter, QueryDict(f"since={given}")).since == datetime.fromisoformat(f"{held}+00:00")


BAD_QUERIES = [
    "limit=x", "limit=", "limit=+5", "limit=1_0", "limit=5.0", "limit=%205", "limit=05", "limit=99999999999999999999",
    "open=1", "open=yes", "open=", "since=5", "since=2026-01-02T03:04:05", "since=tomorrow", "name=a%00b", "unknown=1",
    "limit=1&limit=2",
]  # fmt: skip


@pytest.mark.parametrize("query", BAD_QUERIES)
def test_bad_parameters_are_never_ignored(query):
    with pytest.raises(InvalidInput) as refused:
        parse_query(Filter, QueryDict(query))

    assert refused.value.errors[0].pointer == f"/query/{query.partition('=')[0]}"


def test_pointers_escape_as_rfc_6901_says():
    assert pointer("a/b", "c~d", 0) == "/a~1b/c~0d/0"
