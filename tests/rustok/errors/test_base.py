"""Typed errors: one code each, texts filled with facts, nothing said that was not meant to be."""

from __future__ import annotations

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from rustok.errors import BusinessError, DomainError, FieldError, Kind, base, catalogue
from rustok.errors.families import (
    DatabaseUnavailable,
    IllegalTransition,
    InternalError,
    InvalidCredentials,
    InvalidInput,
    NotFound,
    TokenExpired,
)

FAMILIES = {1: "auth", 2: "validation", 3: "business", 4: "resource", 5: "system"}


def test_codes_are_unique_and_belong_to_a_family():
    codes = [error.code for error in catalogue()]

    assert codes == sorted(set(codes))
    assert {code // 1000 for code in codes} <= FAMILIES.keys()


@pytest.mark.parametrize(
    ("error", "code"),
    [(InvalidCredentials, 1001), (TokenExpired, 1002), (InvalidInput, 2001), (DatabaseUnavailable, 5001)],
)
def test_published_codes_stay(error, code):
    assert error.code == code


def test_second_error_with_a_code_fails_at_import():
    with pytest.raises(TypeError, match="1001 is used by both"):
        type("Imposter", (DomainError,), {"code": 1001})


def test_subclass_without_a_code_is_no_entry_of_its_own():
    class Cousin(InvalidCredentials):
        pass

    assert Cousin not in catalogue()


@pytest.mark.parametrize("error", catalogue(), ids=lambda error: error.__name__)
def test_every_error_has_texts_for_people(error):
    assert str(error.title)
    assert str(error.message)
    assert (error.__doc__ or "").strip()


def test_message_is_filled_with_the_facts():
    refused = IllegalTransition(machine="order", source="paid", target="pending")

    assert refused.detail == "order cannot go from paid to pending."
    assert str(refused) == f"IllegalTransition: {refused.detail}"
    assert refused.context["source"] == "paid"


@pytest.mark.parametrize(
    "facts", [{}, {"other": 1}, {"resource": object()}], ids=["none", "another", "one of another type"]
)
def test_missing_facts_never_raise(facts):
    assert NotFound(**facts).detail


def test_facts_cannot_be_changed():
    with pytest.raises(TypeError):
        NotFound(resource="order").context["resource"] = "other"  # type: ignore[index]


def test_texts_follow_the_language():
    error = NotFound(resource="x")

    with translation.override("ru"):
        russian = str(error.title)
    with translation.override("en"):
        assert str(error.title) != russian


def test_place_is_told_in_the_active_language():
    place = FieldError("/sku", "missing", _("Not found"))

    with translation.override("en"):
        assert place.as_dict() == {"pointer": "/sku", "code": "missing", "message": "Not found"}


def test_family_in_a_few_lines():
    class StaleTicket(BusinessError):
        code = 3999
        kind = Kind.GONE
        message = _("Ticket %(number)s has expired.")

    try:
        assert StaleTicket(number=7).detail == "Ticket 7 has expired."
        assert StaleTicket in catalogue()
    finally:
        del base._registry[3999]


def test_inside_of_a_defect_is_not_its_text():
    assert InternalError().detail == "Something went wrong on our side."
