"""Customers in the console."""

import pytest

from apps.customers.models import Customer
from tests.support.commerce import make_customer
from tests.support.console import Visitor


@pytest.fixture
def owner(acme):
    return Visitor("owner", acme)


def test_a_customer_is_added(owner):
    owner.do("customers_customer", "create", name="Ann Lee", email="ann@example.com", phone="", external_id="")

    assert Customer.objects.get(name="Ann Lee").external_id is None


def test_a_bad_address_is_explained_in_its_place(owner):
    answer = owner.do("customers_customer", "create", name="Ann", email="not an address", phone="", external_id="")

    assert answer.context["form"].errors["email"]


def test_a_customer_is_changed(owner):
    ann = make_customer()

    owner.do("customers_customer", "update", ann, name="Ann Gray", email="", phone="", version=str(ann.version))

    ann.refresh_from_db()
    assert ann.name == "Ann Gray"


def test_the_page_of_a_customer_opens(owner):
    assert "Ann Lee" in owner.page("customers_customer", make_customer()).content.decode()
