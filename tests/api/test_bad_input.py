"""Whatever is wrong with a request: a typed problem, and not a row more than before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from apps.security.services import create_api_key
from rustok.db.ids import new_id
from tests.support.commerce import make_order, make_product

ORDERS, JSON = "/api/v1/orders/", "application/json"


@pytest.fixture
def shop(acme, context, client_of):
    """A caller who may do everything in a shop that sells tea."""
    make_product("TEA", on_hand=10)
    _key, plain = create_api_key(name="till", permissions=["*:*"], context=context)
    return client_of(acme, HTTP_AUTHORIZATION=f"Bearer {plain}")


def order(**changes: Any) -> bytes:
    return json.dumps({"currency": "USD", "lines": [{"sku": "TEA", "quantity": 1}]} | changes).encode()


def line(**changes: Any) -> bytes:
    return order(lines=[{"sku": "TEA", "quantity": 1} | changes])


def rows() -> dict[str, int]:
    """How many rows every table of the shop and the shared schema has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(format('SELECT %L, count(*) FROM %I.%I', schemaname || '.' || tablename, schemaname, "
            "tablename), ' UNION ALL ') FROM pg_tables WHERE schemaname IN (current_schema(), 'public')"
        )
        cursor.execute(cursor.fetchone()[0])
        return dict(cursor.fetchall())


BAD = {
    "nothing": (b"", 2001),
    "no JSON": (b"order me a tea", 2003),
    "cut short": (order()[:-1], 2003),
    "two documents": (order() * 2, 2003),
    "NaN": (b'{"currency": "USD", "lines": [{"sku": "TEA", "quantity": NaN}]}', 2003),
    "invalid UTF-8": (order().replace(b"TEA", b"TE\xff"), 2003),
    "UTF-16": (order().decode().encode("utf-16"), 2003),
    "raw NUL": (order().replace(b"TEA", b"TEA\x00"), 2003),
    "escaped NUL": (line(sku="TEA\x00"), 2003),
    "lone surrogate": (order().replace(b"TEA", rb"\ud800"), 2003),
    "bottomless": (b'{"lines": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", 2003),
    "10 MB": (line(sku="T" * 10_000_000), 2004),
    "a list": (b"[]", 2001),
    "null": (b"null", 2001),
    "unknown member": (order(discount=100), 2001),
    "no lines": (order(lines=[]), 2001),
    "lines of text": (order(lines="TEA"), 2001),
    "too many lines": (order(lines=[{"sku": "TEA", "quantity": 1}] * 501), 2001),
    "no quantity": (order(lines=[{"sku": "TEA"}]), 2001),
    "quantity of text": (line(quantity="1"), 2001),
    "quantity true": (line(quantity=True), 2001),
    "quantity null": (line(quantity=None), 2001),
    "half a unit": (line(quantity=0.5), 2001),
    "zero": (line(quantity=0), 2001),
    "negative": (line(quantity=-1), 2001),
    "too many units": (line(quantity=1_000_001), 2001),
    "beyond integer": (line(quantity=2**31), 2001),
    "beyond bigint": (line(quantity=2**63), 2003),
    "absurd number": (line(quantity=10**400), 2003),
    "huge exponent": (order().replace(b": 1}", b": 1e400}"), 2003),
    "number for a SKU": (line(sku=1), 2001),
    "empty SKU": (line(sku=""), 2001),
    "blank SKU": (line(sku=" "), 2001),
    "control character": (line(sku="TEA\x07"), 2001),
    "bidirectional override": (line(sku="TEA\u202e"), 2001),
    "long SKU": (line(sku="T" * 65), 2001),
    "lower-case currency": (order(currency="usd"), 2001),
    "no such currency": (order(currency="XXX"), 2008),
    "customer of text": (order(customer="Ann"), 2001),
    "customer unknown": (order(customer=str(new_id())), 2001),
    "unknown SKU": (line(sku="COFFEE"), 3101),
    "more than there is": (line(quantity=11), 3102),
    "more than there is, twice": (order(lines=[{"sku": "TEA", "quantity": 6}] * 2), 3102),
}


@pytest.mark.parametrize(("body", "code"), BAD.values(), ids=BAD)
def test_bad_order_is_a_typed_problem_and_writes_nothing(shop, body, code):
    shop.get(ORDERS)  # the first use of a key is noted
    before = rows()

    answer = shop.generic("POST", ORDERS, body, content_type=JSON, headers={"idempotency-key": "k"})

    assert (answer["Content-Type"], answer.json()["code"]) == ("application/problem+json", code)
    assert 400 <= answer.status_code < 500
    assert rows() == before


def test_the_table_above_fails_for_its_reason(shop):
    assert shop.generic("POST", ORDERS, order(), content_type=JSON).status_code == 201


def test_same_key_with_another_order_writes_nothing(shop):
    headers = {"idempotency-key": "k"}
    shop.generic("POST", ORDERS, order(), content_type=JSON, headers=headers)
    before = rows()

    answer = shop.generic("POST", ORDERS, line(quantity=2), content_type=JSON, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (422, 2006)
    assert rows() == before


def test_refused_order_may_come_again_under_its_key(shop):
    headers = {"idempotency-key": "k"}
    shop.generic("POST", ORDERS, line(quantity=11), content_type=JSON, headers=headers)

    assert shop.generic("POST", ORDERS, line(quantity=10), content_type=JSON, headers=headers).status_code == 201


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_other_media_types_are_refused(shop, media):
    answer = shop.generic("POST", ORDERS, order(), content_type=media)

    assert (answer.status_code, answer.json()["code"]) == (415, 2005)


ELSEWHERE = [
    ("post", "/api/v1/products/", {"name": "a\x00b", "sku": "X"}),
    ("post", "/api/v1/products/", {"name": " ", "sku": "X"}),
    ("post", "/api/v1/products/", {"name": "X", "sku": "X", "prices": [{"amount": 2**53, "currency": "USD"}]}),
    ("post", "/api/v1/products/", {"name": "X", "sku": "X", "attributes": {"a": {"b": 1}}}),
    ("put", "/api/v1/stock/", {"sku": "TEA", "on_hand": -1}),
    ("patch", "/api/v1/stock/", {"sku": "TEA", "delta": "5"}),
    ("put", "/api/v1/prices/", {"sku": "TEA", "amount": 4.5, "currency": "USD"}),
    ("post", "/api/v1/customers/", {"name": "Ann", "email": "no address"}),
    ("post", "/api/v1/customers/", {"name": "Ann", "phone": "12"}),
    ("post", "/api/v1/api-keys/", {"name": "till", "permissions": ["everything"]}),
    ("post", "/api/v1/api-keys/", {"name": "till", "permissions": []}),
    ("post", "/api/v1/webhooks/endpoints/", {"url": "ftp://example.com/"}),
    ("post", "/api/v1/webhooks/endpoints/", {"url": "http://169.254.169.254/latest/meta-data"}),
]


@pytest.mark.parametrize(("method", "path", "body"), ELSEWHERE)
def test_bad_input_elsewhere_writes_nothing_either(shop, method, path, body):
    shop.get(ORDERS)
    before = rows()

    answer = getattr(shop, method)(path, body, content_type=JSON)

    assert (answer["Content-Type"], answer.status_code // 100) == ("application/problem+json", 4)
    assert rows() == before


@pytest.mark.parametrize("path", ["abc", "00000000-0000-0000-0000", "1", "%00", "..%2f..%2fetc"])
def test_what_is_no_id_is_not_found(shop, path):
    answer = shop.get(f"{ORDERS}{path}/")

    assert (answer.status_code, answer.json()["code"]) == (404, 4001)


@pytest.mark.parametrize("move", ["confirm", "pay", "ship", "deliver", "cancel", "refund"])
def test_move_with_a_bad_body_moves_nothing(shop, move):
    pending = make_order()

    answer = shop.post(f"{ORDERS}{pending.pk}/{move}/", {"reason": 7}, content_type=JSON)

    pending.refresh_from_db()
    assert (answer.status_code, answer.json()["code"], pending.status) == (400, 2001, "pending")
