"""Machine work in every shop: one that is out of order does not stop the others, a database that is gone does."""

from __future__ import annotations

import pytest
from django.db import OperationalError, ProgrammingError

from apps.tenants.isolation import in_every_shop, platform_scope
from apps.tenants.models import Tenant
from rustok.context import current
from rustok.errors.families import TenantSchemaMissing
from tests.support.commerce import make_customer
from tests.support.statements import counted
from tests.support.tenants import TenantFactory


@pytest.fixture
def shops(db) -> list[str]:
    """Slugs of five shops in business; a suspended one is not among them."""
    with platform_scope("a test's shops"):
        TenantFactory.create_batch(5, status="active")
        TenantFactory(status="suspended")
        return list(Tenant.objects.filter(status="active").order_by("slug").values_list("slug", flat=True))


def worked(failing: dict[str, Exception], **options) -> list[str]:
    """The shops that were visited."""
    seen = []

    def work() -> None:
        slug = current().tenant.slug
        seen.append(slug)
        if slug in failing:
            raise failing[slug]

    in_every_shop(work, reason="a test", **options)
    return seen


@pytest.mark.parametrize(
    "error", [ProgrammingError("no such column"), TenantSchemaMissing(), OperationalError("locked")]
)
def test_a_shop_that_is_out_of_order_does_not_stop_the_others(shops, error):
    assert worked({shops[0]: error}) == shops


def test_broken_shops_among_good_ones_are_no_dead_database(shops):
    assert worked({slug: OperationalError() for slug in shops[::2]}) == shops


def test_a_database_that_serves_no_shop_ends_the_work(shops):
    with pytest.raises(OperationalError):
        worked(dict.fromkeys(shops, OperationalError("gone")))


def test_a_defect_of_the_work_itself_is_not_hidden(shops):
    with pytest.raises(KeyError):
        worked({shops[0]: KeyError()})


def test_a_worker_that_leaves_visits_no_further_shop(shops):
    assert worked({}, stopping=lambda: True) == []


def visited(where: str) -> list[str]:
    seen = []
    in_every_shop(lambda: seen.append(current().tenant.slug), reason="a test", where=where)
    return seen


def test_only_shops_with_something_to_do_are_visited(acme, globex):
    make_customer()

    assert visited("customers_customer WHERE version = 1") == ["acme"]
    assert visited("customers_customer WHERE version = 0") == []


def test_shops_with_nothing_to_do_cost_one_statement_together(acme, globex):
    with counted() as statements:
        visited("customers_customer WHERE version = 0")

    assert sum("customers_customer" in statement for statement in statements) == 1


def test_a_question_that_fails_in_one_shop_lets_all_be_visited(shops):
    """The schemas of most were never made."""
    assert visited("customers_customer WHERE version = 0") == shops
