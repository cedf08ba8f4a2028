"""Tenants in the platform's console."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.operations.models import SubscriptionDue
from apps.tenants.isolation import tenant_scope
from apps.tenants.models import Tenant
from apps.tenants.queries import get_tenant
from tests.support.commerce import make_order
from tests.support.console import Visitor, notices, offered
from tests.support.statements import counted
from tests.support.tenants import TenantFactory

TENANT = "tenants_tenant"
NEW = {
    "slug": "harbour",
    "name": "Harbour Books",
    "locale": "en",
    "admin_username": "owner",
    "admin_email": "",
    "domains": "",
}


@pytest.fixture
def operator(platform):
    return Visitor("operator")


def test_provisioning_shows_the_owners_password_once(operator):
    answer = operator.do(TENANT, "provision", **NEW)

    assert len(answer.context["done"].secrets[0].value) >= 12
    assert get_tenant("harbour").status == "active"


@pytest.mark.parametrize("slug", ["admin", "-x", "two--hyphens", "acme"])
def test_a_slug_that_cannot_be_is_explained_in_its_place(operator, slug):
    answer = operator.do(TENANT, "provision", **NEW | {"slug": slug})

    assert answer.context["form"].errors["slug"]
    assert not Tenant.objects.filter(name="Harbour Books").exists()


def test_suspending_needs_a_reason_and_resuming_opens_again(operator):
    acme = get_tenant("acme")
    assert operator.do(TENANT, "suspend", acme, reason="").context["form"].errors["reason"]

    answer = operator.do(TENANT, "suspend", acme, reason="unpaid")
    assert "suspended" in notices(answer)
    assert offered(answer) == {"configure", "resume"}

    assert offered(operator.do(TENANT, "resume", acme, reason="")) == {"configure", "suspend"}


def test_the_list_costs_the_same_for_many_tenants(operator):
    operator.list(TENANT)
    with counted() as few:
        operator.list(TENANT)
    for _time in range(5):
        TenantFactory()

    with counted() as many:
        operator.list(TENANT)

    assert len(many) == len(few) <= 8


def test_the_page_of_a_tenant_tells_how_its_business_goes(operator):
    acme = get_tenant("acme")
    with tenant_scope(acme):
        make_order()

    page = operator.page(TENANT, acme)

    assert dict(page.context["business"])["Orders"] == 1


def test_a_tenant_whose_receivers_wait_is_marked(operator):
    acme = get_tenant("acme")
    assert "up to date" in operator.list(TENANT, "?q=acme").content.decode()

    SubscriptionDue.objects.create(
        tenant_id=acme.pk, subscription_id=acme.pk, partition=0, due_at=timezone.now() - timedelta(minutes=3)
    )

    assert "3\xa0minutes behind" in operator.list(TENANT, "?q=acme").content.decode()
