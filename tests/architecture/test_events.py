"""Published facts: named, versioned, frozen, made of primitives, with a stored contract."""

import dataclasses
import re
import typing
from datetime import date, datetime
from uuid import UUID

import pytest

from rustok.events import event_types
from tests.support.sources import ROOT

PRODUCT = sorted(
    (cls for cls in event_types().values() if cls.__module__.startswith("apps.")), key=lambda cls: cls.wire_type()
)
PRIMITIVES = {str, int, bool, type(None), UUID, datetime, date, dict, list, tuple}


def origins(annotation):
    yield typing.get_origin(annotation) or annotation
    for part in typing.get_args(annotation):
        if part is not Ellipsis:
            yield from origins(part)


@pytest.mark.parametrize("event", PRODUCT, ids=lambda event: event.wire_type())
class TestEveryEvent:
    def test_it_is_named_after_its_app_in_the_past_tense(self, event):
        assert re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", event.type)
        assert (ROOT / "apps" / event.type.split(".")[0]).is_dir()

    def test_it_says_which_aggregate_it_is_about(self, event):
        assert event.aggregate
        assert event.key in {field.name for field in dataclasses.fields(event)}

    def test_it_is_documented(self, event):
        assert event.__doc__
        assert not event.__doc__.startswith(f"{event.__name__}(")

    def test_it_lives_in_events(self, event):
        assert event.__module__.split(".")[2] == "events"

    def test_its_contract_is_stored(self, event):
        stored = list((ROOT / "tests" / "contracts").rglob(f"{event.wire_type()}.json"))

        assert stored, "run `make contracts`"


def test_the_platform_publishes_something():
    assert PRODUCT
