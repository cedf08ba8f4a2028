"""`manage.py api_key create`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.security.models import ApiKey
from apps.tenants.isolation import platform_scope, tenant_scope


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("api_key", "create", *arguments, stdout=out)
    return out.getvalue().strip()


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
    "no time left": ["--tenant", "acme", "--permission", "order:read", "--days", "0"],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_failure_is_one_clear_line(db, arguments):
    with pytest.raises(CommandError) as failed:
        run("--name", "till", *arguments)

    assert str(failed.value)
    assert "\n" not in str(failed.value)
