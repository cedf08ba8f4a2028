"""Probes and scrapes, on every host and without tenant."""

import orjson
import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from apps.health.middleware import HealthMiddleware
from apps.health.sampler import Sampler
from rustok.health import Check, CheckFailed, Observation
from rustok.operations import Criticality


def failing():
    raise CheckFailed("PostgreSQL does not answer")


def probe(path, *, run=Observation, method="GET", **meta):
    check = Check(name="database", run=run, criticality=Criticality.CRITICAL)
    sampler = Sampler([check])
    sampler.sample("database")
    middleware = HealthMiddleware(lambda _request: HttpResponse("passed on", status=299), watching=sampler)
    return middleware(RequestFactory().generic(method, path, **{"HTTP_HOST": "nobody.example", **meta}))


@pytest.mark.parametrize("run", [Observation, failing])
def test_a_process_is_alive_whatever_its_surroundings_do(run):
    answer = probe("/health/live", run=run)

    assert (answer.status_code, orjson.loads(answer.content)) == (200, {"status": "pass"})


def test_a_process_is_ready_when_its_critical_checks_pass():
    assert probe("/health/ready").status_code == 200


def test_a_failing_critical_check_takes_the_process_out():
    answer = probe("/health/ready", run=failing)

    assert answer.status_code == 503
    assert orjson.loads(answer.content) == {"status": "fail", "failing": ["database"]}
    assert answer["Content-Type"] == "application/health+json"
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/healthy", "/health/ready/", "/api/v1/orders/"])
def test_everything_else_is_passed_on(path):
    assert probe(path).content == b"passed on"


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_probes_are_only_read(method):
    answer = probe("/health/ready", method=method)

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_the_machine_itself_may_scrape():
    answer = probe("/metrics", HTTP_HOST="127.0.0.1:8000", REMOTE_ADDR="127.0.0.1")

    assert answer.status_code == 200
    assert b"rustok_http_requests" in answer.content


@pytest.mark.parametrize(
    "meta",
    [
        {"HTTP_HOST": "localhost", "REMOTE_ADDR": "203.0.113.7"},
        {"HTTP_HOST": "localhost", "REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7"},
        {"HTTP_HOST": "localhost", "REMOTE_ADDR": ""},
    ],
    ids=["stranger", "through a proxy", "unknown"],
)
def test_strangers_need_a_credential_to_scrape(meta):
    assert probe("/metrics", **meta).status_code == 401


def test_tenant_hosts_have_no_metrics():
    assert probe("/metrics", HTTP_HOST="acme.localhost", REMOTE_ADDR="127.0.0.1").content == b"passed on"


def test_detail_needs_a_credential():
    answer = probe("/health", HTTP_HOST="localhost", REMOTE_ADDR="127.0.0.1")

    assert answer.status_code == 401
    assert orjson.loads(answer.content)["code"] == 1001
