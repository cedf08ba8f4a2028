"""Customers: checked, in normal form, known by one external id."""

from __future__ import annotations

from uuid import uuid4

import pytest

from apps.customers import queries
from apps.customers.models import Customer
from apps.customers.services import CreateCustomer, UpdateCustomer, create_customer, create_customers, update_customer
from apps.events.models import Event
from apps.tenants.isolation import tenant_scope
from rustok.errors import DomainError
from rustok.errors.families import DuplicateEntry, InvalidInput, NotFound, PermissionDenied, VersionConflict
from tests.support.commerce import make_customer
from tests.support.statements import at_most

ANN = CreateCustomer(name=" Ann Lee ", email="Ann@Example.COM", phone="+1 650 253 0000", external_id="crm-1")


class TestCreateCustomer:
    def test_stores_the_normal_form(self, context):
        customer = create_customer(input=ANN, context=context)

        stored = queries.get_customer(customer.pk)
        assert (stored.name, stored.email, stored.phone) == ("Ann Lee", "Ann@example.com", "+16502530000")

    def test_only_the_name_is_needed(self, context):
        assert create_customer(input=CreateCustomer(name="Bo"), context=context).external_id is None

    def test_many_cost_few_statements(self, context):
        with at_most(3):
            create_customers(inputs=[CreateCustomer(name=f"C{n}") for n in range(100)], context=context)

    def test_the_fact_carries_no_personal_data(self, context):
        create_customer(input=ANN, context=context)

        data = Event.objects.get(type="customers.customer_created").data
        assert set(data) == {"customer_id", "external_id"}

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", "a\x00"),
            ("email", "nobody"),
            ("email", "a@b\nc: d"),
            ("phone", "12"),
            ("phone", "650 253 0000"),
            ("external_id", "a\x1f"),
        ],
    )
    def test_refuses_bad_input(self, context, field, value):
        with pytest.raises(DomainError) as refused:
            create_customer(input=CreateCustomer(**{"name": "Bo", field: value}), context=context)

        assert refused.value.kind == "invalid"
        assert not Customer.objects.exists()

    def test_an_external_id_is_taken_once(self, context):
        create_customer(input=ANN, context=context)

        with pytest.raises(DuplicateEntry):
            create_customer(input=ANN, context=context)

    def test_mallory_may_not(self, mallory_context):
        with pytest.raises(PermissionDenied):
            create_customer(input=ANN, context=mallory_context)


class TestUpdateCustomer:
    def test_changes_what_is_given(self, context):
        customer = create_customer(input=ANN, context=context)

        changed = update_customer(
            customer_id=customer.pk, input=UpdateCustomer(email="", attributes={"vip": True}), context=context
        )

        assert (changed.email, changed.name, changed.attributes, changed.version) == ("", "Ann Lee", {"vip": True}, 2)

    def test_nothing_new_changes_nothing(self, context):
        customer = make_customer("Bo")

        assert update_customer(customer_id=customer.pk, input=UpdateCustomer(name="Bo"), context=context).version == 1

    def test_another_version_is_a_conflict(self, context):
        customer = make_customer()

        with pytest.raises(VersionConflict):
            update_customer(
                customer_id=customer.pk, input=UpdateCustomer(name="B"), context=context, expected_version=2
            )

    def test_refuses_bad_input(self, context):
        customer = make_customer()

        with pytest.raises(InvalidInput):
            update_customer(customer_id=customer.pk, input=UpdateCustomer(name=" "), context=context)

    def test_an_unknown_customer_is_not_found(self, context):
        with pytest.raises(NotFound):
            update_customer(customer_id=uuid4(), input=UpdateCustomer(), context=context)

    def test_mallory_may_not(self, context, mallory_context):
        customer = make_customer()

        with pytest.raises(PermissionDenied):
            update_customer(customer_id=customer.pk, input=UpdateCustomer(name="M"), context=mallory_context)


def test_customers_are_found_by_their_facts(context):
    ann, bo = create_customer(input=ANN, context=context), make_customer("Bo")

    assert list(queries.customers(search="ann@")) == [ann]
    assert list(queries.customers(search="bo")) == [bo]
    assert list(queries.customers(email="Ann@example.com")) == [ann]
    assert list(queries.customers(external_id="crm-1")) == [ann]


def test_customers_of_one_tenant_are_not_seen_in_another(acme, globex):
    customer = make_customer()

    with tenant_scope(globex):
        assert not queries.customer_exists(customer.pk)
