"""Every refusal of this package is typed, documented, translatable and points at its field."""

import pytest
from django.utils import translation
from django.utils.functional import Promise

from apps.tenants.validation import errors
from rustok.errors import catalogue
from rustok.errors.http import problem, status_of

REFUSALS = [error for error in catalogue() if error.__module__ == errors.__name__]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.__name__)
def test_codes_lie_in_the_range_of_this_package(error):
    assert 2110 <= error.code < 2200
    assert error.reason
    assert isinstance(error.title, Promise)
    assert isinstance(error.message, Promise)


def test_a_refusal_is_a_400_with_a_pointer_and_a_filled_text():
    document = problem(errors.SlugTooLong(field="slug", limit=63), instance="/api/v1/tenants/")

    assert document["status"] == 400
    assert document["errors"] == [
        {"pointer": "/slug", "code": "slug_too_long", "message": "A slug has at most 63 characters."}
    ]


def test_what_is_taken_is_a_conflict():
    assert status_of(errors.SlugTaken) == status_of(errors.DomainTaken) == 409


def test_the_text_is_chosen_when_it_is_read():
    refused = errors.SlugEmpty(field="slug")

    with translation.override("de"):
        assert refused.errors[0].as_dict()["message"] == refused.detail
