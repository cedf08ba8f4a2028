"""Texts from outside are tidied or refused, never stored as they come."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.errors.families import InvalidInput
from rustok.text import clean, clean_attributes


@pytest.mark.parametrize(
    ("text", "tidy"), [("  Tea ", "Tea"), ("Cafe\u0301", "Café"), ("a -- b", "a -- b"), ("🍵", "🍵"), ("Чай", "Чай")]
)
def test_clean_normalises_and_strips(text: str, tidy: str) -> None:
    assert clean(text, field="name", longest=20) == tidy


@pytest.mark.parametrize("bad", ["\x00", "\x1f", "\x7f", "\x85", "\u202e", "\u2066", "\ud800", "\n", "\t"])
def test_clean_refuses_control_characters(bad: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean(f"a{bad}b", field="name", longest=20)

    assert refused.value.errors[0].pointer == "/name"


def test_a_multiline_text_may_hold_newlines_and_tabs() -> None:
    assert clean("a\n\tb", field="text", longest=20, multiline=True) == "a\n\tb"


@pytest.mark.parametrize(("text", "code"), [("", "blank"), ("   ", "blank"), ("x" * 21, "too_long")])
def test_clean_minds_the_length(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean(text, field="name", longest=20)

    assert refused.value.errors[0].code == code


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs", "Cf"]), min_size=1, max_size=50))
def test_clean_is_idempotent(text: str) -> None:
    once = clean(text, field="name", longest=200, required=False)

    assert clean(once, field="name", longest=200, required=False) == once


def _nested(levels: int) -> dict[str, Any]:
    outermost: dict[str, Any] = {}
    for _level in range(levels):
        outermost = {"a": outermost}
    return outermost


@pytest.mark.parametrize(
    "bad",
    [
        {"a": "b\x00"},
        {"a\x00": 1},
        {"a": [{"b": ["\x01"]}]},
        {"a": "x" * 66_000},
        {"a": object()},
        {"a": 2**70},
        _nested(9),
        _nested(2000),
    ],
    ids=["value", "key", "deep value", "large", "no json", "huge number", "nine levels", "bottomless"],
)
def test_attributes_refuse_what_jsonb_cannot_keep(bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        clean_attributes(bad)


def test_attributes_keep_ordinary_json() -> None:
    given = {"size": "L", "tags": ["a", 1, None, True, 1.5], "sub": {"k": "v\nw"}}

    assert clean_attributes(given) == given
