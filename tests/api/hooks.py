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
RECEIVER = os.environ["API_RECEIVER"]
ENOUGH = 8  # real things made per operation; later calls meet used ones, and that is wanted too

tally: dict[str, Counter[int]] = defaultdict(Counter)
made: Counter[str] = Counter()
last: dict[str, str | dict[str, str]] = {}


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
signing_key = made_by("/api/v1/signing-keys/", lambda: {"name": "till", "permissions": ["order:read"]})


def session() -> str:
    """Exchanges the run's key for tokens."""
    ask("POST", "/api/v1/tokens/", {"grant_type": "client_credentials"})
    return first_of("/api/v1/tokens/")()


def role() -> str:
    """Makes a role."""
    slug = f"r-{fresh()}"
    ask("POST", "/api/v1/roles/", {"slug": slug, "name": "Helper", "grants": ["order:read"]})
    return slug


def next_of(variable: str) -> Callable[[], str]:
    """Takes one of the things that are there for this, until they run out."""
    things = os.environ[variable].split()
    return lambda: things.pop() if len(things) > 1 else things[0]


endpoint = made_by("/api/v1/webhooks/endpoints/", lambda: {"url": RECEIVER})


def replay() -> dict[str, str]:
    """Begins a replay of what the log had before the run."""
    mine = endpoint()
    begun = ask("POST", f"/api/v1/webhooks/endpoints/{mine}/replay/", {"after": 0, "until": 1_000_000})
    return {"endpoint_id": mine, "replay_id": str(begun["replay"])}


def cart_line() -> dict[str, str]:
    """Makes a cart with one line."""
    cart = ask("POST", "/api/v1/carts/", {"currency": CURRENCY})["id"]
    filled = ask("PUT", f"/api/v1/carts/{cart}/lines/", {"sku": SKU, "quantity": 1})
    return {"cart_id": cart, "line_id": filled["lines"][0]["id"]}


def audience() -> str:
    """Makes a small list of people."""
    return str(ask("POST", "/api/v1/audiences/", {"key": f"testers-{fresh()}"})["key"])


def a_flag() -> str:
    """Names a flag that the code declares."""
    return "new-checkout-flow"


def moved(path: str, undo: str) -> Callable[[], str]:
    """Makes a thing and takes back the move that the operation is going to make."""

    def make() -> str:
        thing = endpoint()
        ask("POST", f"{path}{thing}/{undo}/")
        return thing

    return make


def shop(wanted: str) -> Callable[[], str]:
    """Brings the one shop that is there for this into a state."""

    def make() -> str:
        found = ask("GET", "/api/v1/tenants/?page_size=100")["results"]
        mine = next((item for item in found if item["slug"] == "guinea-pig"), None)
        mine = mine or ask("POST", "/api/v1/tenants/", {"slug": "guinea-pig", "name": "Guinea Pig"})
        if mine["status"] != wanted:
            move, body = ("resume", {}) if wanted == "active" else ("suspend", {"reason": "test"})
            ask("POST", f"/api/v1/tenants/guinea-pig/{move}/", body)
        return "guinea-pig"

    return make


def new_slug() -> str:
    """A free name for the first few shops, then one that is taken: a shop takes its time."""
    made["shop"] += 1
    return f"shop-{fresh()}" if made["shop"] <= 4 else "acme"


REAL: dict[str, Callable[[], str | dict[str, str]]] = {
    "carts_retrieve": lambda: cart_line()["cart_id"],
    "carts_put_line": lambda: cart_line()["cart_id"],
    "carts_remove_line": cart_line,
    "carts_checkout": lambda: cart_line()["cart_id"],
    "flags_retrieve": a_flag,
    "flags_target": a_flag,
    "platform_flags_retrieve": a_flag,
    "platform_flags_change": a_flag,
    "ofrep_evaluate": a_flag,
    "audiences_change": audience,
    "audiences_delete": audience,
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
    "api_keys_rotate": api_key,
    "tokens_get": session,
    "tokens_revoke": session,
    "sessions_end": next_of("API_SESSIONS"),
    "factors_remove": next_of("API_FACTORS"),
    "roles_get": role,
    "roles_change": role,
    "roles_delete": role,
    "roles_assign": role,
    "signing_keys_get": signing_key,
    "signing_keys_revoke": signing_key,
    "signing_keys_rotate": signing_key,
    "webhooks_retrieve": endpoint,
    "webhooks_update": endpoint,
    "webhooks_delete": endpoint,
    "webhooks_pause": endpoint,
    "webhooks_activate": moved("/api/v1/webhooks/endpoints/", "pause"),
    "webhooks_replay": endpoint,
    "webhooks_test": endpoint,
    "webhooks_rotate": endpoint,
    "webhooks_replays": endpoint,
    "webhooks_cancel_replay": replay,
    "deliveries_retrieve": first_of("/api/v1/webhooks/deliveries/"),
    "event_schemas_retrieve": lambda: "orders.order_placed.v1",
    "event_schemas_retrieve_version": lambda: {"event_type": "orders.order_placed", "version": "1"},
    "tenants_retrieve": lambda: "acme",
    "tenants_config": lambda: "acme",
    "tenants_configure": lambda: "acme",
    "tenants_suspend": shop("active"),
    "tenants_resume": shop("suspended"),
}
VALUES: dict[str, Callable[[], Any]] = {
    "sku": lambda: SKU,
    "key": lambda: f"pilots-{fresh()}",
    "audiences": list,  # unknown ones are refused
    "percent": lambda: None,  # contradicts `enabled`
    "currency": lambda: CURRENCY,
    "customer": customer,
    "provider": lambda: "manual",
    "phone": lambda: "+16502530000",
    "email": lambda: f"{fresh()}@example.com",
    "url": lambda: RECEIVER,
    "slug": new_slug,
    "grants": lambda: ["order:read"],  # the document cannot say what is asked for somewhere
    "permission": lambda: "order:read",
    "actor": lambda: None,
    "role": lambda: None,
    "object": lambda: None,
    "user": lambda: os.environ["API_USER"],
    "signatures": lambda: "optional",  # the run's own requests are not signed, and there are many of them
    "rate_per_tenant": lambda: None,
    "rate_per_key": lambda: None,
    "rate_per_route": lambda: None,
    "allowed_networks": list,  # bits behind a mask are refused, and no pattern says so
    "grant_type": lambda: "client_credentials",  # wrong passwords would lock the run's address out
    "algorithm": lambda: "hmac-sha256",
    "public_key": lambda: "",
    "admin_password": lambda: "correct horse battery",
    "domains": lambda: [f"{fresh()}.shop"],
}
KEEP = {"roles_create": {"slug"}, "products_create": {"sku", "currency"}, "prices_set": {"currency"}}


def prepare() -> None:
    """Things that lists and orders need."""
    if os.environ["API_SIDE"] == "platform":
        return
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
    if name == "breakers_force" and isinstance(case.body, dict) and case.body.get("key"):
        case.body["key"] = "oidc"  # one that no other call of this run passes
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
        if key in VALUES and key not in keep and value:
            node[key] = VALUES[key]()
        elif isinstance(value, (dict, list)) and key != "attributes":
            realise(value, keep)


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
    real = last[name]
    for parameter in path_parameters:
        path_parameters[parameter] = real if isinstance(real, str) else real[parameter]


def version_of(case: Any) -> str | None:
    """The current ETag of the thing addressed."""
    thing = str(list(case.path_parameters.values())[-1])
    path = case.formatted_path.partition(f"/{thing}/")[0] + f"/{thing}/"
    with Client(port=PORT, host=HOST, token=os.environ["API_KEY"], timeout=20) as client:
        return client.get(path).headers.get("etag")


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Count the answer."""
    if case.method.upper() == case.operation.method.upper():
        tally[operation_id(case)][response.status_code] += 1


@atexit.register
def report() -> None:
    """Leave the counts for the test."""
    Path(os.environ["API_TALLY"]).write_text(json.dumps(tally))


prepare()
