"""A traced repository behaves as the plain one and reports every call."""

import asyncio

import pytest

from rustok import context
from rustok.db.repository import traced


class Shelf:
    def __init__(self) -> None:
        self.things: dict[str, str] = {}
        self.label = "shelf"

    def get(self, key):
        return self.things[key]

    def find(self, key):
        return self.things.get(key)

    def save(self, thing):
        self.things[thing] = thing

    def delete(self, key):
        self.things.pop(key, None)


class AsyncShelf(Shelf):
    async def get(self, key):
        return self.things[key]


class Spans(list):
    def __call__(self, name, seconds, error, trace_id):
        assert seconds >= 0
        self.append((name, error, trace_id))


def test_calls_reach_the_wrapped_repository():
    shelf = traced(Shelf(), span=Spans())

    shelf.save("tea")

    assert shelf.get("tea") == "tea"
    assert shelf.label == "shelf"


def test_each_call_is_reported_with_its_trace():
    spans = Spans()
    with context.amended(trace=context.Trace("a" * 32, "b" * 16)):
        traced(Shelf(), span=spans, name="shelf").find("tea")

    assert spans == [("shelf.find", None, "a" * 32)]


def test_a_failure_is_reported_and_passed_on():
    spans = Spans()

    with pytest.raises(KeyError):
        traced(Shelf(), span=spans).get("tea")

    assert spans[0][:2] == ("Shelf.get", "KeyError")


def test_async_verbs_stay_async():
    spans = Spans()
    shelf = AsyncShelf()
    shelf.save("tea")

    assert asyncio.run(traced(shelf, span=spans).get("tea")) == "tea"
    assert spans[0][:2] == ("AsyncShelf.get", None)


def test_async_failures_are_reported():
    spans = Spans()

    with pytest.raises(KeyError):
        asyncio.run(traced(AsyncShelf(), span=spans).get("tea"))

    assert spans[0][:2] == ("AsyncShelf.get", "KeyError")
