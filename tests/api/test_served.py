"""What only a real server shows: bodies on the wire, methods that no framework expects, fifty callers at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apps.orders.models import Order
from apps.security.services import create_api_key
from rustok.context import TenantRef, current
from tests.api.serving import serving
from tests.support.commerce import make_product
from tests.support.http import Answer, Client

ORDER = {"currency": "USD", "lines": [{"sku": "TEA", "quantity": 1}]}


@pytest.fixture
def caller(live_acme: TenantRef, tmp_path: Path) -> Iterator[Client]:
    """A caller of a served shop that sells tea."""
    make_product("TEA", on_hand=100)
    _key, plain = create_api_key(name="till", permissions=["*:*"], context=current())
    with (
        serving(tmp_path) as served,
        Client(port=served.port, host="acme.localhost", token=plain, timeout=30) as client,
    ):
        yield client


def expect(answer: Answer, status: int, code: int) -> None:
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def in_pieces(size: int) -> Iterator[bytes]:
    """A body without a declared length."""
    for _number in range(size // 65_536):
        yield b" " * 65_536


def test_the_wire(caller):
    expect(caller.request("POST", "/api/v1/orders/", body=b" " * 10_000_000), 413, 2004)
    expect(caller.request("POST", "/api/v1/orders/", body=b"\xff"), 400, 2003)
    expect(caller.request("TRACE", "/api/v1/orders/"), 405, 4002)
    expect(caller.request("BREW", "/api/v1/orders/"), 405, 4002)
    head = caller.request("HEAD", "/api/v1/orders/")
    assert (head.status, head.body) == (200, b"")
    assert not Order.objects.exists()


def test_body_without_a_length_is_bounded_too(caller):
    small = iter([b'{"currency": "USD", "lines": [', b'{"sku": "TEA", "quantity": 1}]}'])

    expect(caller.request("POST", "/api/v1/orders/", body=in_pieces(10_000_000)), 413, 2004)
    assert caller.request("POST", "/api/v1/orders/", body=small).status == 201


def test_fifty_callers_with_one_key_place_one_order(caller):
    def place(_number: int) -> tuple[int, str]:
        with Client(port=caller.port, host=caller.host, token=caller.token, timeout=60) as client:
            answer = client.post("/api/v1/orders/", ORDER, idempotency_key="the-one")
            return answer.status, answer.json()["id"]

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(place, range(50)))

    assert Counter(status for status, _id in answers) == {201: 50}
    assert {order_id for _status, order_id in answers} == {str(order.pk) for order in Order.objects.all()}
    assert Order.objects.count() == 1
