"""What a random caller cannot guess: ids of real things, SKUs on sale, versions just read, keys never used before.

Loaded by schemathesis in its own process (SCHEMATHESIS_HOOKS). Only well-formed requests are helped: the checks judge
what was really sent, so a value supplied here cannot hide that the document promises more than the platform accepts.
Malformed requests go out untouched. Every answer is counted, so that the test can demand a success per operation.
"""

from __future__ import annotations

import atexit
import json
import os
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import schemathesis

from tests.support.http import Client

HOST, PORT = os.environ["API_HOST"], int(os.environ["API_PORT"])
OWN_KEY = os.environ["API_KEY_ID"]
SKU, CURRENCY = "REAL-1", "USD"
ENOUGH = 8  # real things made per operation; later calls meet used ones, and that is wanted too

tally: dict[str, Counter[int]] = defaultdict(Counter)
made: Counter[str] = Counter()
last: dict[str, str] = {}


def ask(method: str, path: str, body: Any = None) -> Any:
    """The body of a success; anything else ends the run loudly."""
    with Client(port=PORT, host=HOST, token=os.environ["API_KEY"], timeout=20) as client:
        answer = client.request(method, path, body=body)
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status}: {answer.body!r}")
    return answer.json() if answer.body else None


def fresh() -> str:
    """A name that nothing has yet."""
    return uuid.uuid4().hex[:20]


def order_in(*moves: str) -> Callable[[], str]:
    """Makes orders that have made these moves."""

    def make() -> str:
        order = ask("POST", "/api/v1/orders/", {"currency": CURRENCY, "lines": [{"sku": SKU, "quantity": 1}]})
        for move in moves:
            ask("POST", f"/api/v1/orders/{order['id']}/{move}/", {})
        return str(order["id"])

    return make


def made_by(path: str, body: Callable[[], dict[str, Any]]) -> Callable[[], str]:
    """Makes things by POST."""
    return lambda: str(ask("POST", path, body())["id"])


def first_of(path: str) -> Callable[[], str]:
    """Finds the newest thing of a list."""
    return lambda: str(ask("GET", path)["results"][0]["id"])


product = made_by("/api/v1/products/", lambda: {"name": "Tea", "sku": fresh()})
customer = made_by("/api/v1/customers/", lambda: {"name": "Ann"})
api_key = made_by("/api/v1/api-keys/", lambda: {"name": "till", "permissions": ["order:read"]})

REAL: dict[str, Callable[[], str]] = {
    "orders_retrieve": order_in(),
    "orders_confirm": order_in(),
    "orders_cancel": order_in("confirm"),
    "orders_pay": order_in("confirm"),
    "orders_ship": order_in("confirm", "pay"),
    "orders_refund": order_in("confirm", "pay"),
    "orders_deliver": order_in("confirm", "pay", "ship"),
    "products_retrieve": product,
    "products_update": product,
    "customers_retrieve": customer,
    "customers_update": customer,
    "payments_retrieve": first_of("/api/v1/payments/"),
    "api_keys_get": api_key,
    "api_keys_revoke": api_key,
}
VALUES: dict[str, Callable[[], Any]] = {
    "sku": lambda: SKU,
    "currency": lambda: CURRENCY,
    "customer": customer,
    "provider": lambda: "manual",
    "phone": lambda: "+16502530000",
    "email": lambda: f"{fresh()}@example.com",
}
KEEP = {"products_create": {"sku", "currency"}, "prices_set": {"currency"}}


def prepare() -> None:
    """Things that lists and orders need."""
    price = {"amount": 450, "currency": CURRENCY}
    ask("POST", "/api/v1/products/", {"name": "Tea", "sku": SKU, "prices": [price], "on_hand": 1_000_000})
    order_in("confirm", "pay")()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Put real values into a well-formed request, in place."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    name = operation_id(case)
    if case.body and isinstance(case.body, (dict, list)):
        realise(case.body, KEEP.get(name, set()))
    if name == "orders_pay" and isinstance(case.body, dict):
        case.body.pop("amount", None)
    if case.path_parameters:
        use_real_thing(name, case.path_parameters, chosen=case.meta.phase.name == "stateful")
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = fresh()
    if "If-Match" in case.headers:
        case.headers["If-Match"] = version_of(case) or "*"


def operation_id(case: Any) -> str:
    """The operation's id in the document."""
    return str(case.operation.definition.raw["operationId"])


def realise(node: Any, keep: set[str]) -> None:
    """Replace values by the names of their members."""
    for key, value in list(node.items()) if isinstance(node, dict) else enumerate(node):
        if isinstance(value, (dict, list)):
            if key != "attributes":
                realise(value, keep)
        elif key in VALUES and key not in keep and value:
            node[key] = VALUES[key]()


def use_real_thing(name: str, path_parameters: dict[str, Any], *, chosen: bool) -> None:
    """Every other call meets a real thing, the rest meet nothing; a thing that an earlier answer led to stays.

    The credential of the run is spared: who revokes it has nothing more to say.
    """
    made[name] += 1
    spared = OWN_KEY in path_parameters.values() and name == "api_keys_revoke"
    if name not in REAL or ((chosen or made[name] % 2 == 0) and not spared):
        return
    if made[name] < 2 * ENOUGH:
        last[name] = REAL[name]()
    for parameter in path_parameters:
        path_parameters[parameter] = last[name]


def version_of(case: Any) -> str | None:
    """The current ETag of the thing addressed."""
    parts = case.formatted_path.strip("/").split("/")
    with Client(port=PORT, host=HOST, token=os.environ["API_KEY"], timeout=20) as client:
        return client.get("/" + "/".join(parts[:4]) + "/").headers.get("etag")


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Count the answer."""
    tally[f"{case.method} {case.path}"][response.status_code] += 1


@atexit.register
def report() -> None:
    """Leave the counts for the test."""
    Path(os.environ["API_TALLY"]).write_text(json.dumps(tally))


prepare()
