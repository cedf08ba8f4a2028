"""`manage.py api_key create|list|rotate|revoke`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.security.models import ApiKey
from apps.tenants.isolation import platform_scope, tenant_scope


def run(*arguments: str, verb: str = "create") -> str:
    out = StringIO()
    call_command("api_key", verb, *arguments, stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def prefix(acme):
    plain = run("--tenant", "acme", "--name", "till", "--permission", "order:read", "--network", "192.0.2.0/24")
    return f"rk_{plain.split('_')[1]}"


def test_key_is_printed_once_and_works_in_its_shop(globex):
    plain = run("--tenant", "globex", "--name", "till", "--permission", "order:create", "product:read")

    with tenant_scope(globex):
        key = ApiKey.objects.get(prefix=plain.split("_")[1])
    assert key.permissions == ["order:create", "product:read"]
    assert key.created_by == "system:manage.py"


def test_json_carries_the_facts(db):
    facts = json.loads(run("--platform", "--name", "ops", "--permission", "tenant:*", "--days", "2", "--json"))

    with platform_scope("look"):
        assert str(ApiKey.objects.get(prefix=facts["key"].split("_")[1]).pk) == facts["id"]
    assert facts["expires_at"] is not None


BAD = {
    "unknown shop": ["--tenant", "nowhere", "--permission", "order:create"],
    "no permission at all": ["--tenant", "acme", "--permission", "order"],
    "no network": ["--tenant", "acme", "--permission", "order:read", "--network", "192.0.2.1/24"],
    "no time left": ["--tenant", "acme", "--permission", "order:read", "--days", "0"],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_failure_is_one_clear_line(db, arguments):
    with pytest.raises(CommandError) as failed:
        run("--name", "till", *arguments)

    assert str(failed.value)
    assert "\n" not in str(failed.value)


def test_keys_are_listed(prefix):
    (listed,) = json.loads(run("--tenant", "acme", "--json", verb="list"))

    assert (listed["prefix"], listed["name"], listed["networks"]) == (prefix, "till", "192.0.2.0/24")
    assert "till" in run("--tenant", "acme", verb="list")


def test_a_key_is_rotated_with_an_overlap(prefix):
    plain = run("--tenant", "acme", prefix, "--overlap-hours", "2", verb="rotate")
    old, new = (ApiKey.objects.get(prefix=text.split("_")[1]) for text in (prefix, plain))

    assert (new.name, new.permissions, new.allowed_networks) == (old.name, old.permissions, old.allowed_networks)
    assert old.expires_at is not None
    assert new.expires_at is None


def test_a_key_is_revoked(prefix):
    assert "till" in run("--tenant", "acme", prefix, verb="revoke")

    assert run("--tenant", "acme", verb="list") == "nothing"
    with pytest.raises(CommandError):
        run("--tenant", "acme", prefix, verb="revoke")


@pytest.mark.parametrize("text", ["", "till", "rk_000000000000", "\x00"])
@pytest.mark.parametrize("verb", ["rotate", "revoke"])
def test_a_key_that_is_none_is_one_clear_line(acme, verb, text):
    with pytest.raises(CommandError):
        run("--tenant", "acme", text, verb=verb)
