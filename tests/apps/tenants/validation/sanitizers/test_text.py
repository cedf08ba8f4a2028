"""Plain text: what goes, and that everything innocent stays."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tenants.validation import sanitize_text

INNOCENT = [
    "",
    "a -- b",
    "select a from b",
    "Robert'); DROP TABLE students;--",
    "1 < 2 && 3 > 2",
    "tab\tand\nnewline",
    "O'Brien & Söhne",
    "مرحبا \u200f!",  # right-to-left mark
    "می\u200cخواهم",  # zero width non-joiner is part of Persian words
    "👨\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "नमस्ते",
    "  spaces stay  ",
]
CHANGED = [
    ("a\x00b", "ab"),
    ("a\x1b[0mb", "a[0mb"),
    ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
    ("abc\u202egnp.exe", "abcgnp.exe"),
    ("\u2066a\u2069", "a"),
    ("\ufeffa", "a"),
    ("\ud800a", "a"),
    ("a\ufdd0\U0001ffffb", "ab"),
    ("e\u0301", "é"),
    ("e\x00\u0301", "é"),
]


@pytest.mark.parametrize("text", INNOCENT)
def test_innocent_text_is_untouched(text):
    assert sanitize_text(text) == text


@pytest.mark.parametrize(("text", "clean"), CHANGED)
def test_what_breaks_pages_and_databases_goes(text, clean):
    assert sanitize_text(text) == clean


def test_one_line_text_has_spaces_for_line_ends():
    assert sanitize_text("a\r\nb\tc", multiline=False) == "a b c"


@given(st.text(alphabet=st.characters(codec=None)), st.booleans())
def test_the_result_is_stable_storable_and_without_controls(text, multiline):
    clean = sanitize_text(text, multiline=multiline)

    assert sanitize_text(clean, multiline=multiline) == clean
    assert clean.encode("utf-8").decode("utf-8") == clean
    assert not [c for c in clean if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\t\n"]
