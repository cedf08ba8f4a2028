"""Answers as bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy as _

from rustok.api import Out
from rustok.wire.rendering import dump_json


class Thing(Out):
    at: datetime


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
WRITTEN = [
    ({"at": NOON}, b'{"at":"2026-01-02T12:00:00Z"}'),
    ([UUID(int=1)], b'["00000000-0000-0000-0000-000000000001"]'),
    (Thing(at=NOON), b'{"at":"2026-01-02T12:00:00Z"}'),
    ({"b", "a"}, b'["a","b"]'),
    (_("Not found"), b'"Not found"'),
    ("é", '"é"'.encode()),
]


@pytest.mark.parametrize(("value", "expected"), WRITTEN, ids=lambda value: type(value).__name__)
def test_values_have_one_spelling(value, expected):
    assert dump_json(value) == expected


def test_what_has_none_is_a_defect():
    with pytest.raises(TypeError):
        dump_json(object())
