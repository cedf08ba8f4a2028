"""Customers over REST."""

from __future__ import annotations

import pytest

from apps.tenants.isolation import tenant_scope
from tests.support.commerce import make_customer
from tests.support.rest import Integrator

ANN = {"name": "Ann Lee", "email": "ann@example.com", "external_id": "crm-1"}


@pytest.fixture
def shop(acme, context):
    return Integrator(acme, context)


def test_create_and_retrieve(shop):
    made = shop.post("customers/", ANN)

    body = shop.get(f"customers/{made.json()['id']}/").json()
    assert (made.status_code, body["email"], body["version"]) == (201, "ann@example.com", 1)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": ""}, 400),
        ({"name": "\x00"}, 400),
        ({"email": "nobody"}, 400),
        ({"phone": "12"}, 400),
        ({"attributes": {"a": {"b": "\x00"}}}, 400),
        ({"age": 7}, 400),
    ],
    ids=str,
)
def test_bad_input_is_refused(shop, change, status):
    assert shop.post("customers/", {**ANN, **change}).status_code == status


def test_an_external_id_is_taken_once(shop):
    shop.post("customers/", ANN)

    assert shop.post("customers/", {**ANN, "name": "Bo"}).json()["code"] == 2002


def test_patch_changes_the_version_that_was_seen(shop):
    path = f"customers/{make_customer().pk}/"

    assert shop.send("PATCH", path, {"name": "Bo"}, if_match='"1"').json()["version"] == 2
    assert shop.send("PATCH", path, {"name": "Cy"}, if_match='"1"').status_code == 412


def test_filters(shop):
    make_customer("Ann", email="ann@example.com", external_id="crm-1")
    make_customer("Bo")

    for query in ("search=ann", "email=ann@example.com", "external_id=crm-1"):
        assert [row["name"] for row in shop.get(f"customers/?{query}").json()["results"]] == ["Ann"]


def test_mallory_may_not(acme, context):
    customer = make_customer()
    mallory = Integrator(acme, context, ["order:create"])

    doors = [
        ("GET", "customers/", None),
        ("POST", "customers/", ANN),
        ("GET", f"customers/{customer.pk}/", None),
        ("PATCH", f"customers/{customer.pk}/", {"name": "M"}),
    ]
    assert {mallory.send(*door).status_code for door in doors} == {403}


def test_a_customer_of_another_tenant_does_not_exist(context, globex):
    customer = make_customer()
    with tenant_scope(globex) as there:
        neighbour = Integrator(globex, there)

    assert neighbour.get(f"customers/{customer.pk}/").status_code == 404
    assert neighbour.post("orders/", {"currency": "USD", "customer": str(customer.pk), "lines": []}).status_code == 400
