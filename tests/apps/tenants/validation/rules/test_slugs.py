"""Whether a new tenant may have a slug."""

import pytest

from apps.tenants.validation import new_slug
from apps.tenants.validation.errors import SlugReserved, SlugTaken


def test_a_free_slug_is_given_in_normal_form():
    assert new_slug(" Acme ", taken=lambda _slug: False) == "acme"


def test_a_taken_slug_is_refused_by_its_normal_form():
    with pytest.raises(SlugTaken) as caught:
        new_slug(" ACME ", taken={"acme"}.__contains__)

    assert "acme" in caught.value.detail


def test_the_store_is_not_asked_about_a_reserved_name():
    def never(_slug):
        raise AssertionError

    with pytest.raises(SlugReserved):
        new_slug("admin", taken=never)
