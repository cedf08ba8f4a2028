"""Whether a tenant may be reached by a domain."""

import pytest

from apps.tenants.validation import new_domain
from apps.tenants.validation.errors import DomainOfPlatform, DomainReserved, DomainTaken


def domain_for_acme(value, taken=()):
    return new_domain(value, slug="acme", base_domain="shops.example", taken=set(taken).__contains__)


@pytest.mark.parametrize("value", ["acme.shops.example", "ACME.shops.example.", "shop.acme.example"])
def test_own_names_are_given(value):
    assert domain_for_acme(value) == value.lower().rstrip(".")


@pytest.mark.parametrize("value", ["shops.example", "globex.shops.example", "a.acme.shops.example"])
def test_names_of_the_platform_and_of_others_are_refused(value):
    with pytest.raises(DomainOfPlatform):
        domain_for_acme(value)


def test_reserved_names_are_told_their_own_reason():
    with pytest.raises(DomainReserved):
        domain_for_acme("admin.shops.example")


def test_a_domain_of_another_tenant_is_refused_in_any_spelling():
    with pytest.raises(DomainTaken):
        domain_for_acme("BÜCHER.example", taken={"xn--bcher-kva.example"})
