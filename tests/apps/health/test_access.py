"""Detail and metrics over the whole stack of middlewares, with a platform key, a tenant's key and none."""

from contextlib import ExitStack

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from apps.health.access import ASKING
from apps.security.services import create_api_key


@pytest.fixture
def bearer(platform):
    """Makes the header of a platform key with these permissions."""

    def make(*permissions):
        _key, plain = create_api_key(name="probe", permissions=permissions, context=platform)
        return {"Authorization": f"Bearer {plain}"}

    return make


@pytest.mark.parametrize("host", ["localhost", "acme.localhost", "nobody.example"])
def test_a_platform_key_reads_detail_on_every_host(client_of, bearer, host):
    answer = client_of().get("/health", headers={**bearer("health:read"), "host": host})

    assert answer.json()["checks"].keys() >= {"database", "broker", "workers", "relay", "disk"}
    assert answer["Content-Type"] == "application/health+json"


def test_another_permission_is_not_enough(client_of, bearer):
    answer = client_of().get("/health", headers=bearer("tenant:read"))

    assert (answer.status_code, answer.json()["code"]) == (403, 1003)


def test_a_tenants_key_is_unknown_to_the_platform(client_of, acme, context):
    _key, plain = create_api_key(name="owner", permissions=["*:*"], context=context)

    answer = client_of(acme).get("/health", headers={"Authorization": f"Bearer {plain}"})

    assert answer.status_code == 401


def test_a_key_opens_metrics_to_a_stranger(client_of, bearer):
    headers = {**bearer("metrics:read"), "X-Forwarded-For": "203.0.113.7"}

    answer = client_of().get("/metrics", headers=headers)

    assert answer.status_code == 200
    assert b"rustok_errors" in answer.content


def test_metrics_do_not_exist_on_a_shop(client_of, acme):
    assert client_of(acme).get("/metrics").status_code == 404


def test_deployment_of_a_test_configuration_is_refused():
    with pytest.raises(SystemCheckError, match=r"rustok\.E006"):
        call_command("check", deploy=True, fail_level="ERROR")


def test_strangers_who_ask_for_detail_cannot_take_every_thread_and_connection(client_of, bearer):
    """These pages stand before the gate and the rate limits: who asks is looked up for a few at a time."""
    with ExitStack() as places:
        for _ in range(ASKING.concurrent):
            places.enter_context(ASKING)
        refused = client_of().get("/health", headers=bearer("health:read"))

        assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, 5011, "1")
        assert client_of().get("/health/live").status_code == 200
    assert "checks" in client_of().get("/health", headers=bearer("health:read")).json()
