"""kill -9 of the web process between commit and answer: the caller repeats the request and gets the answer of then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.orders.models import Order
from apps.security.services import create_api_key
from rustok.context import TenantRef, current
from tests.api.serving import serving
from tests.support.commerce import make_product
from tests.support.http import Client, NoAnswer

ORDERS, KEY = "/api/v1/orders/", {"Idempotency-Key": "the-one"}
ORDER = {"currency": "USD", "lines": [{"sku": "TEA", "quantity": 1}]}


@pytest.fixture
def key(live_acme: TenantRef) -> str:
    """A key of a shop that sells tea."""
    make_product("TEA", on_hand=10)
    return create_api_key(name="till", permissions=["*:*"], context=current())[1]


@pytest.fixture
def mortal(key: str, tmp_path: Path) -> Iterator[Client]:
    """A caller of a web process that dies when asked to."""
    with (
        serving(tmp_path, application="tests.support.mortal:application") as served,
        Client(port=served.port, host="acme.localhost", token=key, timeout=30) as client,
    ):
        yield client


def test_a_retry_after_the_crash_gets_the_stored_answer_of_the_one_effect(mortal, key, client_of, live_acme):
    with pytest.raises(NoAnswer):
        mortal.request("POST", ORDERS, body=ORDER, headers=KEY | {"X-Die": "after"})
    with pytest.raises(NoAnswer):
        mortal.get(ORDERS)  # it is really gone
    caller = client_of(live_acme, HTTP_AUTHORIZATION=f"Bearer {key}")

    def retry(body: Any) -> Any:
        return caller.post(ORDERS, body, content_type="application/json", headers=KEY)

    again, other = retry(ORDER), retry(ORDER | {"currency": "EUR"})

    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert [str(order.pk) for order in Order.objects.all()] == [again.json()["id"]]
    assert (other.status_code, other.json()["code"]) == (422, 2006)
