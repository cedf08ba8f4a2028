"""`manage.py tenant` does what the console does, prints facts, and fails with one clear line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from rustok.context import ExecutionContext, use

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """Run a command line outside every scope, as a shell does, and return what it printed."""

    def command(*words: str) -> str:
        with use(ExecutionContext()):
            call_command("tenant", *words)
        return capsys.readouterr().out

    return command


def facts(text: str) -> Any:
    return json.loads(text)


def test_created_tenant_is_listed_and_shown(run) -> None:
    made = facts(run("create", "initech", "--name", "Initech Ltd", "--domain", "shop.example.com", "--json"))

    assert made["admin"]["username"] == "owner"
    assert len(made["admin"]["password"]) >= 12
    assert [tenant["slug"] for tenant in facts(run("list", "--json"))] == ["acme", "globex", "initech"]
    assert facts(run("show", "initech", "--json"))["domains"] == ["initech.localhost", "shop.example.com"]


def test_name_defaults_to_the_slug(run) -> None:
    assert facts(run("create", "initech", "--json"))["name"] == "initech"


def test_people_get_lines_and_columns(run) -> None:
    assert run("list").splitlines()[0].split() == ["slug", "status", "name", "url"]
    assert "http://acme.localhost:8000" in run("show", "acme")
    assert "password=" in run("create", "initech")


def test_suspension_and_resumption(run) -> None:
    assert facts(run("suspend", "acme", "--reason", "unpaid", "--json"))["status"] == "suspended"
    assert facts(run("resume", "acme", "--json"))["status"] == "active"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("create", "acme"), "/slug: The name acme is taken."),
        (("create", "admin"), "/slug: The name admin is reserved."),
        (("create", "initech", "--admin-password", "short"), "too short"),
        (("show", "nobody"), "nobody"),
        (("suspend", "acme"), "--reason"),
        (("resume", "acme"), "tenant cannot go from active to active."),
        (("fly", "acme"), "fly"),
    ],
)
def test_refusal_is_one_clear_line(run, words: tuple[str, ...], line: str) -> None:
    with pytest.raises(CommandError, match=line) as refusal:
        run(*words)

    assert "\n" not in str(refusal.value)


def test_missing_database_is_one_clear_line(run, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise OperationalError("connection failed: refused\nIs the server running?")

    monkeypatch.setattr("apps.lifecycle.management.commands.tenant.all_tenants", absent)
    with pytest.raises(CommandError, match=r"does not answer: connection failed: refused$"):
        run("list")
