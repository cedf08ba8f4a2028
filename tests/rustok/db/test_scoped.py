"""Queries and rows refuse to leave the scope they were made in (trap 57)."""

from __future__ import annotations

import pytest
from django.db import connection, models
from django.utils import timezone

from apps.customers.models import Customer
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import TenantRef
from rustok.db.scoped import CrossScopeUse


@pytest.fixture
def customer(acme: TenantRef) -> Customer:
    now = timezone.now()
    return Customer.objects.create(name="Ann", created_at=now, updated_at=now)


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(list, id="iterate"),
        pytest.param(lambda query: query.count(), id="count"),
        pytest.param(lambda query: query.exists(), id="exists"),
        pytest.param(lambda query: query.first(), id="first"),
        pytest.param(lambda query: list(query.iterator()), id="iterator"),
        pytest.param(lambda query: query.aggregate(n=models.Count("pk")), id="aggregate"),
        pytest.param(lambda query: query.update(name="Bob"), id="update"),
        pytest.param(lambda query: query.delete(), id="delete"),
        pytest.param(lambda query: list(query.filter(name="Ann").values_list("pk")), id="derived"),
        pytest.param(lambda query: query.create(name="Eve"), id="create"),
    ],
)
def test_query_of_one_tenant_does_not_run_in_another(use, customer: Customer, globex: TenantRef) -> None:
    query = Customer.objects.all()

    with tenant_scope(globex), pytest.raises(CrossScopeUse):
        use(query)


def test_fetched_rows_are_not_served_to_another_tenant(customer: Customer, globex: TenantRef) -> None:
    query = Customer.objects.all()
    assert list(query) == [customer]

    with tenant_scope(globex), pytest.raises(CrossScopeUse):
        list(query)


@pytest.mark.parametrize(
    "use", [Customer.save, Customer.delete, Customer.refresh_from_db], ids=lambda use: use.__name__
)
def test_row_of_one_tenant_is_not_used_in_another(use, customer: Customer, globex: TenantRef) -> None:
    with tenant_scope(globex), pytest.raises(CrossScopeUse):
        use(customer)


def test_new_row_belongs_to_where_it_was_saved(customer: Customer, globex: TenantRef) -> None:
    with tenant_scope(globex), pytest.raises(CrossScopeUse):
        customer.save()


def test_query_made_outside_every_scope_belongs_to_its_first_reader(customer: Customer, globex: TenantRef) -> None:
    query = Customer.objects.all()
    query._scope = None  # as a class attribute of a form or view has it

    assert list(query.all()) == [customer]
    with tenant_scope(globex):
        assert list(query.all()) == []


def test_stock_queryset_silently_reads_the_neighbour(customer: Customer, globex: TenantRef) -> None:
    query = models.QuerySet(Customer)

    with tenant_scope(globex):
        assert list(query) == []  # the negative control: Ann is gone and nobody says why


def test_guard_costs_no_statement(customer: Customer, django_assert_num_queries) -> None:
    with django_assert_num_queries(1, connection=connection):
        list(Customer.objects.all())


def test_platform_query_does_not_run_in_a_tenant(customer: Customer) -> None:
    with platform_scope("made here"):
        query = Customer.objects.all()

    with pytest.raises(CrossScopeUse):
        list(query)
