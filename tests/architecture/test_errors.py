"""Every error has a code of its own, in the range of its app, and texts for people in their language."""

import re
from collections import defaultdict

import pytest
from django.utils.functional import Promise

from rustok.errors import DomainError, catalogue
from rustok.errors.http import STATUS
from tests.support.sources import ROOT

# interfaces: 1xxx auth, 2xxx validation, 3xxx business, 4xxx resource, 5xxx system; the hundreds belong to apps.
RANGES = {
    "rustok": [(1000, 1099), (2000, 2099), (3003, 3099), (4000, 4099), (5000, 5099)],
    "apps.security": [(1100, 1199), (5400, 5499)],
    "apps.tenants": [(2100, 2199), (4100, 4199)],
    "apps.catalog": [(3001, 3002), (3100, 3199), (4200, 4299)],
    "apps.customers": [(3100, 3199), (4200, 4299)],
    "apps.orders": [(2400, 2499), (3001, 3002), (3100, 3199), (4200, 4299)],
    "apps.payments": [(3001, 3002), (3200, 3299), (4200, 4299)],
    "apps.events": [(3300, 3399)],
    "apps.webhooks": [(2300, 2399), (3300, 3399)],
    "apps.insights": [(3400, 3499)],
    "apps.flags": [(3700, 3799), (4300, 4399)],
    "apps.operations": [(4400, 4499)],
    "apps.lifecycle": [(5100, 5199)],
    "apps.demo": [(1900, 1999), (2900, 2999)],
}
PRODUCT = [error for error in catalogue() if error.__module__.startswith(("rustok.", "apps."))]
PLACEHOLDER = re.compile(r"%(?!\(\w+\)[sd]|%)")


@pytest.mark.parametrize("error", PRODUCT, ids=lambda error: f"{error.code}-{error.__name__}")
def test_an_error_is_in_range_documented_and_translatable(error):
    owner = next(prefix for prefix in RANGES if error.__module__.startswith(prefix))

    assert any(low <= error.code <= high for low, high in RANGES[owner]), f"{error.code} is not {owner}'s"
    assert error.__doc__
    assert isinstance(error.title, Promise)
    assert isinstance(error.message, Promise)
    assert not PLACEHOLDER.search(str(error.message)), "use named placeholders: %(name)s"
    assert error.kind in STATUS


def test_no_two_errors_share_a_name():
    names = defaultdict(set)
    for error in PRODUCT:
        names[error.__name__].add(error.code)

    assert not {name: codes for name, codes in names.items() if len(codes) > 1}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("InvalidCredentials", 1001),
        ("TokenExpired", 1002),
        ("InvalidInput", 2001),
        ("DuplicateEntry", 2002),
        ("InsufficientFunds", 3001),
        ("OrderAlreadyProcessed", 3002),
        ("DatabaseUnavailable", 5001),
        ("ExternalServiceTimeout", 5002),
    ],
)
def test_codes_of_the_public_face_never_move(name, code):
    assert [error.code for error in PRODUCT if error.__name__ == name] == [code]


def test_errors_live_where_people_look_for_them():
    places = {error.__module__ for error in PRODUCT}

    assert not [
        place
        for place in places
        if not re.fullmatch(r"rustok\.(errors\.\w+|money)|apps\.\w+(\.\w+)?\.errors(\.\w+)?", place)
    ]


def test_every_subclass_is_abstract_or_catalogued():
    def below(error):
        for child in error.__subclasses__():
            yield child
            yield from below(child)

    catalogued = set(catalogue())
    loose = [
        e for e in below(DomainError) if "code" in vars(e) and e not in catalogued and e.__module__.startswith("apps")
    ]
    assert not loose


def test_the_project_has_a_page_that_explains_codes():
    assert "1xxx" in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
