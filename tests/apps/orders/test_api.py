"""Orders over REST: shape, moves, versions, idempotency, and everything that must be refused."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from apps.orders.models import Order
from apps.tenants.isolation import tenant_scope
from tests.support.commerce import make_customer, make_order, make_product, make_products
from tests.support.rest import Integrator
from tests.support.statements import at_most

FIVE = {"currency": "USD", "lines": [{"sku": f"SKU-A{n}", "quantity": n + 1} for n in range(5)]}
TEA = {"currency": "USD", "lines": [{"sku": "TEA", "quantity": 2}]}


@pytest.fixture
def shop(acme, context):
    make_product("TEA", price=450, on_hand=10)
    return Integrator(acme, context)


@pytest.fixture
def reader(acme, context):
    return Integrator(acme, context, ["order:read"])


class TestPlace:
    def test_answers_the_order(self, shop):
        customer = make_customer()

        answer = shop.post("orders/", {**TEA, "customer": str(customer.pk)})

        body = answer.json()
        assert answer.status_code == 201
        assert answer["ETag"] == '"1"'
        assert body["total"] == {"amount": 900, "currency": "USD"}
        assert body["lines"] == [
            {
                "sku": "TEA",
                "name": "Product TEA",
                "quantity": 2,
                "unit_price": {"amount": 450, "currency": "USD"},
                "total": {"amount": 900, "currency": "USD"},
            }
        ]
        assert (body["status"], body["version"], body["customer"]) == ("pending", 1, str(customer.pk))
        assert Order.objects.get(pk=body["id"]).number == body["number"]

    def test_the_whole_request_costs_at_most_eleven_statements(self, shop):
        make_products(*(line["sku"] for line in FIVE["lines"]))
        customer = make_customer()
        shop.get("orders/")

        with at_most(11):
            answer = shop.post("orders/", {**FIVE, "customer": str(customer.pk)}, idempotency_key="k-1")

        assert answer.status_code == 201

    def test_the_same_key_places_one_order(self, shop):
        first = shop.post("orders/", TEA, idempotency_key="k-1")
        again = shop.post("orders/", TEA, idempotency_key="k-1")

        assert (first.status_code, again.status_code, first.content) == (201, 201, again.content)
        assert Order.objects.count() == 1

    def test_the_same_key_with_another_body_is_refused(self, shop):
        shop.post("orders/", TEA, idempotency_key="k-1")

        answer = shop.post("orders/", {**TEA, "currency": "EUR"}, idempotency_key="k-1")

        assert (answer.status_code, answer.json()["code"]) == (422, 2006)

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"lines": [{"sku": "NOPE", "quantity": 1}]}, 422, 3101),
            ({"lines": [{"sku": "TEA", "quantity": 11}]}, 409, 3102),
            ({"lines": [{"sku": "TEA", "quantity": 6}, {"sku": "TEA", "quantity": 5}]}, 409, 3102),
            ({"currency": "EUR"}, 422, 3101),
            ({"currency": "XXX"}, 400, 2008),
            ({"currency": "usd"}, 400, 2001),
            ({"customer": "01a20000-0000-7000-8000-000000000000"}, 400, 2001),
            ({"customer": "me"}, 400, 2001),
            ({"lines": []}, 400, 2001),
            ({"lines": [{"sku": "TEA", "quantity": 1}] * 501}, 400, 2001),
            ({"lines": None}, 400, 2001),
            ({"lines": [{"sku": "TEA"}]}, 400, 2001),
            ({"lines": [{"sku": "TEA", "quantity": 0}]}, 400, 2001),
            ({"lines": [{"sku": "TEA", "quantity": -1}]}, 400, 2001),
            ({"lines": [{"sku": "TEA", "quantity": "1"}]}, 400, 2001),
            ({"lines": [{"sku": "TEA", "quantity": 1.5}]}, 400, 2001),
            ({"lines": [{"sku": "TEA", "quantity": True}]}, 400, 2001),
            ({"lines": [{"sku": "TEA", "quantity": 10**40}]}, 400, None),
            ({"lines": [{"sku": "TEA", "quantity": 1_000_000}] * 2}, 409, 3110),
            ({"lines": [{"sku": "TE\x00A", "quantity": 1}]}, 400, None),
            ({"lines": [{"sku": "TE\x1fA", "quantity": 1}]}, 400, 2001),
            ({"lines": [{"sku": "  ", "quantity": 1}]}, 400, 2001),
            ({"lines": [{"sku": 7, "quantity": 1}]}, 400, 2001),
            ({"lines": [{"sku": "TEA", "quantity": 1, "unit_price": 1}]}, 400, 2001),
            ({"placed_at": "2017-01-01T00:00:00Z"}, 400, 2001),
            ({"coupon": "FREE"}, 400, 2001),
        ],
        ids=str,
    )
    def test_bad_input_is_a_typed_problem_and_writes_nothing(self, shop, change, status, code):
        answer = shop.post("orders/", {**TEA, **change})

        problem = answer.json()
        assert answer.status_code == status, problem
        assert answer["Content-Type"] == "application/problem+json"
        assert code is None or problem["code"] == code
        assert not Order.objects.exists()

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b'"x"',
            b"\xff\xfe",
            b'{"currency": NaN}',
            b'{"lines": ' + b"[" * 2000,
            b'{"a": "\\ud800"}',
        ],
        ids=["empty", "cut", "list", "null", "text", "no utf-8", "NaN", "deep", "surrogate"],
    )
    def test_what_is_no_document_is_refused(self, shop, raw):
        answer = shop.post("orders/", raw)

        assert answer.status_code == 400
        assert answer.json()["code"] in {2001, 2003}


class TestMoves:
    def test_a_whole_life(self, shop):
        order = f"orders/{shop.post('orders/', TEA).json()['id']}"

        confirmed = shop.post(f"{order}/confirm/")
        paid = shop.post(f"{order}/pay/", {"reference": "till 3"})
        shipped = shop.post(f"{order}/ship/", {"carrier": "DHL", "tracking": "1Z"})
        delivered = shop.post(f"{order}/deliver/", {"reason": "signed"})
        refunded = shop.post(f"{order}/refund/", {"amount": 100})

        answers = [confirmed, paid, shipped, delivered, refunded]
        assert [answer.status_code for answer in answers] == [200] * 5
        assert [answer.json()["version"] for answer in answers] == [2, 3, 4, 5, 6]
        assert refunded.json()["payment_status"] == "partially_refunded"
        [payment] = shop.get("payments/").json()["results"]
        assert payment["refunds"][0]["amount"] == {"amount": 100, "currency": "USD"}

    def test_history_is_part_of_the_order(self, shop):
        order = make_order("confirmed")

        history = shop.get(f"orders/{order.pk}/").json()["history"]

        assert [(step["action"], step["target"]) for step in history] == [
            ("place", "pending"),
            ("confirm", "confirmed"),
        ]

    @pytest.mark.parametrize(
        ("source", "action", "code"),
        [
            ("pending", "ship", 3003),
            ("confirmed", "confirm", 3002),
            ("delivered", "cancel", 3002),
            ("pending", "refund", 3202),
        ],
    )
    def test_an_illegal_move_is_a_conflict(self, shop, source, action, code):
        order = make_order(source)

        answer = shop.post(f"orders/{order.pk}/{action}/")

        assert (answer.status_code, answer.json()["code"]) == (409, code)

    def test_too_little_money_is_unprocessable(self, shop):
        order = make_order("confirmed")

        answer = shop.post(f"orders/{order.pk}/pay/", {"amount": 1})

        assert (answer.status_code, answer.json()["code"]) == (422, 3001)

    def test_if_match_guards_the_move(self, shop):
        order = make_order()

        assert shop.post(f"orders/{order.pk}/confirm/", if_match='"2"').status_code == 412
        assert shop.post(f"orders/{order.pk}/confirm/", if_match='"1"').status_code == 200

    def test_a_repeated_key_moves_once(self, shop):
        order = make_order()

        first, again = (shop.post(f"orders/{order.pk}/confirm/", idempotency_key="k") for _ in range(2))

        assert (first.status_code, again.status_code, first.content) == (200, 200, again.content)

    @pytest.mark.parametrize(
        "body", [{"amount": 0}, {"amount": True}, {"amount": "1"}, {"reason": "\x00"}, {"x": 1}, []]
    )
    def test_a_bad_body_is_refused(self, shop, body):
        order = make_order("paid")

        assert shop.post(f"orders/{order.pk}/refund/", body).status_code == 400


class TestDoors:
    ACTIONS = ("confirm", "pay", "ship", "deliver", "cancel", "refund")

    def test_mallory_may_not_place(self, reader, shop):
        answer = reader.post("orders/", TEA)

        assert (answer.status_code, answer.json()["code"]) == (403, 1003)

    @pytest.mark.parametrize("action", ACTIONS)
    def test_mallory_may_not_move(self, reader, action):
        order = make_order("paid")

        assert reader.post(f"orders/{order.pk}/{action}/").status_code == 403

    def test_mallory_may_not_read(self, acme, context):
        order = make_order()
        mallory = Integrator(acme, context, ["product:read"])

        for path in ("orders/", f"orders/{order.pk}/", "payments/", "customers/", "stock/"):
            assert mallory.get(path).status_code == 403, path

    def test_nobody_reads_without_a_key(self, client_of, acme):
        assert client_of(acme).get("/api/v1/orders/").status_code == 401

    @pytest.mark.parametrize("action", ACTIONS)
    def test_an_order_of_another_tenant_does_not_exist(self, context, globex, action):
        order = make_order("paid")
        with tenant_scope(globex) as there:
            neighbour = Integrator(globex, there)

        assert neighbour.post(f"orders/{order.pk}/{action}/").status_code == 404
        assert neighbour.get(f"orders/{order.pk}/").status_code == 404
        assert neighbour.get("orders/").json()["results"] == []


class TestList:
    def test_pages_are_newest_first_without_gaps(self, shop):
        numbers = [make_order().number for _ in range(5)]

        first = shop.get("orders/?page_size=3").json()
        second = shop.client.get(first["next"], headers={"authorization": f"Bearer {shop.key}"}).json()

        assert [order["number"] for order in first["results"] + second["results"]] == numbers[::-1]
        assert second["next"] is None

    def test_filters(self, shop):
        customer = make_customer()
        mine, paid = make_order(customer_id=customer.pk), make_order("paid")
        cut = paid.placed_at.isoformat().replace("+00:00", "Z")

        def ids(query: str) -> list[str]:
            return [order["id"] for order in shop.get(f"orders/?{query}").json()["results"]]

        assert ids("status=paid") == ids("payment_status=paid") == ids(f"placed_after={cut}") == [str(paid.pk)]
        assert (
            ids(f"customer={customer.pk}")
            == ids(f"placed_before={cut}")
            == ids(f"number={mine.number}")
            == [str(mine.pk)]
        )

    @pytest.mark.parametrize(
        "query",
        [
            "status=gone",
            "customer=me",
            "placed_after=now",
            "placed_after=2017-01-01T00:00:00",
            "page_size=0",
            "limit=5",
        ],
    )
    def test_a_bad_filter_is_refused(self, shop, query):
        assert shop.get(f"orders/?{query}").status_code == 400

    def test_a_page_costs_few_statements(self, shop):
        for _ in range(5):
            make_order()
        shop.get("orders/")

        with at_most(5):
            assert len(shop.get("orders/").json()["results"]) == 5


def test_an_address_that_is_no_order_is_not_found(shop):
    assert shop.get("orders/17/").status_code == 404
    assert json.loads(shop.get(f"orders/{uuid4()}/").content)["code"] == 4001
