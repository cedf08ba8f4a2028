"""The slug: a table of good and bad rows, and what holds for every text."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tenants.validation import slug_shape, validate_slug
from apps.tenants.validation.reserved import ORIGINAL
from rustok.errors import DomainError

GOOD = [
    ("acme", "acme"),
    ("  Acme-Shop\n", "acme-shop"),
    ("a", "a"),
    ("7", "7"),
    ("7-eleven", "7-eleven"),
    ("a-b-c", "a-b-c"),
    ("x" * 63, "x" * 63),
    ("administrator", "administrator"),
    ("pg-tips", "pg-tips"),
]
BAD = [
    ("", "slug_empty"),
    (" \t\n", "slug_empty"),
    ("x" * 64, "slug_too_long"),
    ("x" * 10_000, "slug_too_long"),
    ("-acme", "slug_malformed"),
    ("acme-", "slug_malformed"),
    ("-", "slug_malformed"),
    ("ac me", "slug_malformed"),
    ("acme.shop", "slug_malformed"),
    ("acme_shop", "slug_malformed"),
    ("acme@shop", "slug_malformed"),
    ("../etc", "slug_malformed"),
    ("..\\etc", "slug_malformed"),
    ("a'; drop table x", "slug_malformed"),
    ("<script>", "slug_malformed"),
    ("javascript:x", "slug_malformed"),
    ("ac\x00me", "slug_malformed"),
    ("магазин", "slug_malformed"),
    ("\u212aiosk", "slug_malformed"),  # Kelvin sign, lowers to k
    ("\uff41cme", "slug_malformed"),  # full width a
    ("acme--shop", "slug_double_hyphen"),
    ("xn--bcher-kva", "slug_double_hyphen"),
    ("0190a1b2-c3d4-7abc-8def-0123456789ab", "slug_is_uuid"),
    ("0190A1B2-C3D4-7ABC-8DEF-0123456789AB", "slug_is_uuid"),
    ("0190a1b2c3d47abc8def0123456789ab", "slug_is_uuid"),
    ("public", "slug_reserved"),
    ("information_schema", "slug_reserved"),
    ("pg_catalog", "slug_reserved"),
    (" Admin ", "slug_reserved"),
    ("ofrep", "slug_reserved"),
]


@pytest.mark.parametrize(("text", "slug"), GOOD)
def test_good_text_becomes_its_normal_form(text, slug):
    assert validate_slug(text) == slug


@pytest.mark.parametrize(("text", "reason"), BAD)
def test_bad_text_is_refused_with_its_reason(text, reason):
    with pytest.raises(DomainError) as caught:
        validate_slug(text)

    assert caught.value.errors[0].code == reason


def test_all_forty_one_original_words_are_refused():
    refused = {word for word in ORIGINAL if _reason(validate_slug, word) == "slug_reserved"}

    assert refused == ORIGINAL
    assert len(ORIGINAL) == 41


def test_a_name_that_became_reserved_is_still_found():
    assert slug_shape("ofrep") == "ofrep"


def test_the_error_names_the_field_of_the_caller():
    with pytest.raises(DomainError) as caught:
        validate_slug("", field="tenant/slug")

    assert caught.value.errors[0].pointer == "/tenant/slug"


@given(st.text())
def test_any_text_is_normalised_or_refused_and_never_breaks(text):
    if (slug := _accepted(validate_slug, text)) is not None:
        assert validate_slug(slug) == slug
        assert set(slug) <= set(string.ascii_lowercase + string.digits + "-")
        assert 1 <= len(slug.encode()) <= 63


@given(st.from_regex(r"[a-z0-9](?:-?[a-z0-9]){0,20}", fullmatch=True))
def test_every_text_of_the_grammar_is_accepted_unless_the_platform_needs_it(text):
    assert _reason(validate_slug, text) in {None, "slug_reserved"}


def _accepted(validator, text):
    try:
        return validator(text)
    except DomainError:
        return None


def _reason(validator, text):
    try:
        validator(text)
    except DomainError as error:
        return error.errors[0].code
    return None
