"""The served document against the served answers: all checks, nothing excluded, a success for every operation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.security.access.services import CreateRole, create_role
from apps.security.models import ApiKey, ConsoleSession, Factor
from apps.security.services import create_api_key, create_user
from apps.tenants.isolation import platform_scope
from rustok.context import TenantRef, current
from tests.api.serving import Served, serving
from tests.support.deliveries import one_delivery
from tests.support.filled import filled
from tests.support.http import Client
from tests.support.stack import PROJECT

SEED = os.environ.get("API_SEED", "20171214")
RECEIVER = "127.0.0.1:9"  # nobody listens there; that a test message fails is an answer too
EXAMPLES = os.environ.get("API_EXAMPLES", "3")


Verdict = tuple[subprocess.CompletedProcess[str], dict[str, Any]]


def explore(served: Served, host: str, key: tuple[ApiKey, str], place: Path) -> Verdict:
    """Run schemathesis on one host; what it said, and the counts of statuses by operation."""
    with Client(port=served.port, host=host, timeout=120) as client:
        assert client.get("/api/schema/").status == 200  # made once: schemathesis itself waits for 10 s only
    tally, credential = place / "tally.json", key[1]
    facts = {"API_HOST": host, "API_PORT": str(served.port), "API_TALLY": str(tally)}
    facts |= {"API_KEY": credential, "API_KEY_ID": str(key[0].pk)}
    facts |= {"NO_PROXY": "127.0.0.1"}  # else the client looks through the whole environment for each call
    facts |= {"API_SIDE": "platform" if host == "localhost" else "tenant", "API_RECEIVER": f"http://{RECEIVER}/hook"}
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{served.port}/api/schema/",
        "--header", f"Host: {host}:{served.port}", "--header", f"Authorization: Bearer {credential}",
        "--checks", "all", "--seed", SEED, "--max-examples", EXAMPLES, "--generation-database", "none",
        "--continue-on-failure", "--no-color", "--request-timeout", "60",
    ]  # fmt: skip
    environment = {**os.environ, **facts, "SCHEMATHESIS_HOOKS": "tests.api.hooks", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=600, check=False)
    return done, json.loads(tally.read_text()) if tally.exists() else {}


def verify(done: subprocess.CompletedProcess[str], tally: dict[str, Any]) -> None:
    """Green, and every operation has succeeded at least once."""
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-4000:]
    assert tally
    never = [name for name, counts in tally.items() if not any(status.startswith("2") for status in counts)]
    assert not never, f"never succeeded: {never}"


def somebody() -> str:
    """A person of this side who can be given another role."""
    create_role(input=CreateRole(slug="helper", name="Helper", grants=["order:read"]), context=current())
    return str(create_user(username="helper", password=None, role="helper", context=current()).pk)


def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions to end and second factors to remove, one for each call that shall meet a real one."""
    user = create_user(username="guest", password=None, role="helper", context=current())
    for name, model in (("API_SESSIONS", ConsoleSession), ("API_FACTORS", Factor)):
        more = {"expires_at": timezone.now() + timedelta(days=1)} if model is ConsoleSession else {}
        rows = [filled(model, user=user, **more) for _number in range(20)]
        monkeypatch.setenv(name, " ".join(str(row.pk) for row in rows))


def test_the_shops_api_keeps_its_promises(
    live_acme: TenantRef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = create_api_key(name="explorer", permissions=["*:*"], context=current())
    monkeypatch.setenv("API_USER", somebody())
    signed_in(monkeypatch)
    one_delivery(url="https://93.184.215.14/hook")

    with serving(tmp_path, RUSTOK_WEBHOOK_ALLOW=RECEIVER) as served:
        verify(*explore(served, "acme.localhost", key, tmp_path))


def test_the_platforms_api_keeps_its_promises(
    live_acme: TenantRef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with platform_scope("make a key"):
        key = create_api_key(name="explorer", permissions=["*:*"], context=current())
        monkeypatch.setenv("API_USER", somebody())
        signed_in(monkeypatch)

    with serving(tmp_path, RUSTOK_WEBHOOK_ALLOW=RECEIVER) as served:
        verify(*explore(served, "localhost", key, tmp_path))
