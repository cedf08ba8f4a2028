"""The gate: what a request asks for is known from its address, and a refusal is a problem document."""

import io
import json
import time

import pytest

from rustok.api import admission
from rustok.api.admission import AdmissionGate, _known, operation_of
from rustok.config import config
from rustok.operations import Criticality
from rustok.resilience.admission import PATIENCE, Admission
from rustok.resilience.degradation import DegradationController, Mode, ModeOverride
from rustok.telemetry.metrics import REGISTRY
from tests.support.breakers import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def modes(clock):
    return DegradationController(clock=clock, wall=clock)


@pytest.fixture
def places():
    return Admission(limit=2, waiting=0)


@pytest.fixture
def ask(places, modes):
    def inner(environ, start_response):
        start_response("200 OK", [])
        return [b"served"]

    gate = AdmissionGate(inner, places=places, modes=modes)

    def ask(method, path, host="acme.localhost", **more):
        answer = {}

        def start_response(status, headers):
            answer.update(status=int(status[:3]), headers=dict(headers))

        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": f"{host}:8000", **more}
        return answer | {"body": b"".join(gate(environ, start_response)), **answer}

    return ask


def choose(modes, clock, mode):
    modes.set_override(ModeOverride(mode=mode, until=clock() + 60))


@pytest.mark.parametrize(
    ("method", "path", "host", "name", "criticality", "writes"),
    [
        ("POST", "/api/v1/orders/", "acme.localhost", "orders.create", Criticality.CRITICAL, True),
        ("GET", "/api/v1/orders/", "acme.localhost", "orders.list", Criticality.NORMAL, False),
        ("HEAD", "/api/v1/orders/", "acme.localhost", "orders.list", Criticality.NORMAL, False),
        ("GET", "/api/v1/orders/", "localhost", "unknown", Criticality.LOW, False),
        ("GET", "/api/v1/tenants/", "localhost", "tenants.list", Criticality.NORMAL, False),
        ("POST", "/ofrep/v1/evaluate/flags", "acme.localhost", "ofrep.evaluate_all", Criticality.HIGH, False),
        ("POST", "/admin/orders/order/", "acme.localhost", "console", Criticality.HIGH, True),
        ("GET", "/nowhere", "acme.localhost", "unknown", Criticality.LOW, False),
        ("GET", "/api/docs/", "acme.localhost", "page", Criticality.NORMAL, False),
    ],
    ids=["place", "list", "head", "other-side", "platform", "asking", "console", "nowhere", "docs"],
)
def test_what_a_request_asks_for(method, path, host, name, criticality, writes):
    operation = operation_of({"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": host})

    assert (operation.name, operation.criticality, operation.writes) == (name, criticality, writes)


def test_static_files_pass_in_every_mode(ask, modes, clock):
    choose(modes, clock, Mode.OFFLINE)

    assert ask("GET", "/static/console/mark.svg")["status"] == 200


def test_minimal_reads_and_does_not_write(ask, modes, clock):
    choose(modes, clock, Mode.MINIMAL)
    refused = ask("POST", "/api/v1/orders/")

    assert ask("GET", "/api/v1/orders/")["body"] == b"served"
    assert (refused["status"], refused["headers"]["Retry-After"]) == (503, "60")
    problem = json.loads(refused["body"])
    assert (problem["code"], problem["name"], problem["retryable"]) == (5012, "ServiceDegraded", True)
    assert refused["headers"]["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/health", "/metrics"])
def test_probes_pass_in_every_mode_and_at_any_load(ask, modes, clock, places, path):
    choose(modes, clock, Mode.OFFLINE)
    places.enter(Criticality.CRITICAL)
    places.enter(Criticality.CRITICAL)

    assert ask("GET", path)["status"] == 200


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/operations/"])
def test_the_way_to_lift_a_mode_stays_open(ask, modes, clock, path):
    choose(modes, clock, Mode.OFFLINE)

    assert ask("POST", path, host="localhost")["status"] == 200


def test_a_low_request_is_refused_when_a_critical_one_is_served(ask, places):
    places.enter(Criticality.LOW)
    refused = ask("GET", "/nowhere", HTTP_TRACEPARENT=f"00-{'a' * 32}-{'b' * 16}-01")

    assert (refused["status"], json.loads(refused["body"])["code"]) == (503, 5013)
    assert json.loads(refused["body"])["trace_id"] == "a" * 32
    assert ask("POST", "/api/v1/orders/")["status"] == 200


def test_nobody_waits_for_a_place_that_hangs_on_a_dead_database(modes, clock):
    gate = AdmissionGate(lambda _environ, _start: [], places=(places := Admission(limit=1, waiting=9)), modes=modes)
    modes.feed({"database": 1})
    places.enter(Criticality.CRITICAL)
    told = []
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/api/v1/orders/", "HTTP_HOST": "acme.localhost"}
    started = time.monotonic()
    body = b"".join(gate(environ, lambda status, _headers: told.append(status)))

    assert (told, json.loads(body)["code"]) == (["503 Service Unavailable"], 5001)
    assert time.monotonic() - started < PATIENCE[Criticality.CRITICAL] / 2


def test_a_place_is_given_back_even_when_the_application_fails(places, modes):
    def broken(environ, start_response):
        raise RuntimeError

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/nowhere", "HTTP_HOST": "acme.localhost"}
    for _ in range(3):
        with pytest.raises(RuntimeError):
            AdmissionGate(broken, places=places, modes=modes)(environ, print)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_refusal_is_counted_once(ask, modes, clock, accept):
    def counted():
        return REGISTRY.get_sample_value("rustok_errors_total", {"code": "5012"}) or 0

    choose(modes, clock, Mode.MINIMAL)
    before = counted()
    ask("POST", "/admin/orders/order/", HTTP_ACCEPT=accept, **{"wsgi.input": io.BytesIO()})

    assert counted() - before == 1


def test_a_person_gets_a_page(ask, modes, clock):
    choose(modes, clock, Mode.MINIMAL)
    refused = ask("POST", "/admin/orders/order/", HTTP_ACCEPT="text/html", **{"wsgi.input": io.BytesIO()})

    assert refused["headers"]["Content-Type"].startswith("text/html")
    assert (refused["status"], refused["headers"]["Retry-After"]) == (503, "60")


def test_a_head_request_gets_no_body(ask, modes, clock):
    choose(modes, clock, Mode.OFFLINE)

    assert ask("HEAD", "/api/v1/orders/")["body"] == b""


def test_a_body_that_is_too_long_reaches_nobody(ask):
    answer = ask("POST", "/admin/login/", CONTENT_LENGTH="2000000", **{"wsgi.input": io.BytesIO()})

    assert (answer["status"], json.loads(answer["body"])["code"]) == (413, 2004)
    assert "Retry-After" not in answer["headers"]


def test_addresses_as_long_as_a_server_takes_them_are_not_remembered():
    before = _known.cache_info().currsize
    operation_of({"REQUEST_METHOD": "GET", "PATH_INFO": "/" + "a" * 60_000, "HTTP_HOST": "acme.localhost"})

    assert _known.cache_info().currsize == before


def test_the_scheme_is_the_declared_one(places, modes, monkeypatch):
    """Behind a proxy that ends TLS, Django would else take every form of the console for a foreign one."""
    monkeypatch.setattr(admission, "config", lambda: config().model_copy(update={"scheme": "https"}))
    seen = []
    gate = AdmissionGate(
        lambda environ, _start: seen.append(environ["wsgi.url_scheme"]) or [], places=places, modes=modes
    )

    gate({"REQUEST_METHOD": "GET", "PATH_INFO": "/admin/", "HTTP_HOST": "acme.localhost"}, lambda *_answer: None)

    assert seen == ["https"]
