"""Products, prices and stock over REST."""

from __future__ import annotations

import pytest

from apps.catalog.models import Product
from apps.tenants.isolation import tenant_scope
from tests.support.commerce import make_order, make_product, make_products, stock_of
from tests.support.rest import Integrator
from tests.support.statements import counted

MUG = {
    "name": "Mug",
    "sku": "MUG-1",
    "prices": [{"amount": 990, "currency": "USD"}, {"amount": 1500, "currency": "JPY"}],
    "on_hand": 12,
    "attributes": {"colour": "blue"},
    "translations": [{"locale": "ru", "name": "Кружка"}],
}


@pytest.fixture
def shop(acme, context):
    return Integrator(acme, context)


class TestProducts:
    def test_create_answers_the_product(self, shop):
        answer = shop.post("products/", MUG)

        body = answer.json()
        assert (answer.status_code, answer["ETag"]) == (201, '"1"')
        assert body["variants"][0]["prices"] == [
            {"amount": 1500, "currency": "JPY"},
            {"amount": 990, "currency": "USD"},
        ]
        assert body["translations"] == [{"locale": "ru", "name": "Кружка", "description": ""}]
        assert stock_of("MUG-1") == (12, 0)

    def test_several_variants(self, shop):
        body = {"name": "Shirt", "variants": [{"sku": "S", "title": "Small"}, {"sku": "L", "title": "Large"}]}

        assert [v["sku"] for v in shop.post("products/", body).json()["variants"]] == ["S", "L"]

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"name": ""}, 400, 2001),
            ({"name": "a\x00"}, 400, None),
            ({"sku": None}, 400, 2001),
            ({"status": "gone"}, 400, 2001),
            ({"prices": [{"amount": -1, "currency": "USD"}]}, 400, 2001),
            ({"prices": [{"amount": 9.5, "currency": "USD"}]}, 400, 2001),
            ({"prices": [{"amount": 1, "currency": "ZZZ"}]}, 400, 2008),
            ({"on_hand": 10**30}, 400, None),
            ({"attributes": []}, 400, 2001),
            ({"attributes": {"a": "\x01"}}, 400, 2001),
            ({"variants": [{"sku": "MUG-1"}]}, 409, 2002),
            ({"translations": [{"locale": "!", "name": "x"}]}, 400, 2001),
        ],
        ids=str,
    )
    def test_bad_input_is_a_typed_problem(self, shop, change, status, code):
        answer = shop.post("products/", {**MUG, **change})

        assert answer.status_code == status, answer.json()
        assert code is None or answer.json()["code"] == code
        assert not Product.objects.exists()

    def test_a_known_sku_is_a_conflict(self, shop):
        shop.post("products/", MUG)

        answer = shop.post("products/", MUG)

        assert (answer.status_code, answer.json()["code"]) == (409, 2002)

    def test_patch_changes_the_version_that_was_seen(self, shop):
        path = f"products/{make_product(name='Tea').pk}/"

        changed = shop.send("PATCH", path, {"name": "Green tea"}, if_match='"1"')
        late = shop.send("PATCH", path, {"name": "Black tea"}, if_match='"1"')

        assert (changed.status_code, changed["ETag"], changed.json()["name"]) == (200, '"2"', "Green tea")
        assert late.status_code == 412

    def test_search_and_status(self, shop):
        make_products("TEA-1", "TEA-2")
        make_product("CUP-1", status="draft")

        assert len(shop.get("products/?search=tea").json()["results"]) == 2
        assert len(shop.get("products/?status=draft").json()["results"]) == 1
        assert shop.get("products/?search=a%00b").status_code == 400

    def test_a_page_of_whole_products_costs_three_statements(self, shop):
        shop.post("products/", MUG)
        shirt = {"name": "Shirt", "variants": [{"sku": "S"}, {"sku": "L", "prices": MUG["prices"]}]}
        texts = [{"locale": "ru", "name": "Р"}, {"locale": "de", "name": "H"}]
        shop.post("products/", {**shirt, "translations": texts})

        with counted() as statements:
            page = shop.get("products/?page_size=20").json()["results"]

        assert len([text for text in statements if "catalog_" in text]) == 3
        assert page == [shop.get(f"products/{row['id']}/").json() for row in page]
        assert [[variant["sku"] for variant in row["variants"]] for row in page] == [["S", "L"], ["MUG-1"]]
        assert [price["currency"] for price in page[0]["variants"][1]["prices"]] == ["JPY", "USD"]
        assert [text["locale"] for text in page[0]["translations"]] == ["ru", "de"]

    def test_price_is_set_by_sku(self, shop):
        make_product("TEA", price=1)

        answer = shop.send("PUT", "prices/", {"sku": "TEA", "amount": 5, "currency": "USD"})

        assert answer.json() == {"sku": "TEA", "price": {"amount": 5, "currency": "USD"}}
        assert shop.send("PUT", "prices/", {"sku": "NO", "amount": 5, "currency": "USD"}).status_code == 404


class TestStock:
    def test_put_sets_and_patch_adjusts(self, shop):
        make_product("TEA", on_hand=1)

        counted = shop.send("PUT", "stock/", {"sku": "TEA", "on_hand": 8, "low_stock_threshold": 9})
        broken = shop.send("PATCH", "stock/", {"sku": "TEA", "delta": -3, "reason": "broken"})

        assert (counted.status_code, counted.json()["available"]) == (200, 8)
        assert broken.json()["on_hand"] == 5
        assert [level["sku"] for level in shop.get("stock/?low=true").json()["results"]] == ["TEA"]

    def test_never_below_the_reservations(self, shop):
        make_product("TEA", on_hand=5)
        make_order(lines={"TEA": 3})

        answer = shop.send("PUT", "stock/", {"sku": "TEA", "on_hand": 2})

        assert (answer.status_code, answer.json()["code"]) == (409, 3103)

    @pytest.mark.parametrize(
        "body", [{"sku": "TEA", "on_hand": -1}, {"sku": "TEA", "on_hand": True}, {"sku": "TEA"}, {"on_hand": 1}]
    )
    def test_bad_input_is_refused(self, shop, body):
        make_product("TEA")

        assert shop.send("PUT", "stock/", body).status_code == 400


class TestDoors:
    def test_mallory_may_not(self, acme, context):
        product = make_product("TEA")
        mallory = Integrator(acme, context, ["order:create"])

        doors = [
            ("GET", "products/", None),
            ("POST", "products/", MUG),
            ("GET", f"products/{product.pk}/", None),
            ("PATCH", f"products/{product.pk}/", {"name": "M"}),
            ("PUT", "prices/", {"sku": "TEA", "amount": 1, "currency": "USD"}),
            ("GET", "stock/", None),
            ("PUT", "stock/", {"sku": "TEA", "on_hand": 1}),
            ("PATCH", "stock/", {"sku": "TEA", "delta": 1}),
        ]
        assert {mallory.send(*door).status_code for door in doors} == {403}

    def test_a_product_of_another_tenant_does_not_exist(self, context, globex):
        product = make_product("TEA")
        with tenant_scope(globex) as there:
            neighbour = Integrator(globex, there)

        assert neighbour.get(f"products/{product.pk}/").status_code == 404
        assert neighbour.send("PUT", "stock/", {"sku": "TEA", "on_hand": 0}).status_code == 404
        assert stock_of("TEA") == (100, 0)
