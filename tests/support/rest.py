"""Talking to the REST door as an integrator does: a key, JSON in, JSON out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.test import Client

from apps.security.services import create_api_key
from rustok.context import ExecutionContext, TenantRef


class Integrator:
    """A program with an API key for one shop. Answers are Django's test responses."""

    def __init__(self, tenant: TenantRef, context: ExecutionContext, permissions: Sequence[str] = ("*:*",)) -> None:
        _key, self.key = create_api_key(name="integrator", permissions=permissions, context=context)
        self.client = Client(raise_request_exception=False, headers={"host": f"{tenant.slug}.localhost"})

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One request below `/api/v1/`; `headers` in Python spelling (`if_match`)."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method,
            f"/api/v1/{path}",
            data=body if isinstance(body, (bytes, str)) else b"" if body is None else _dump(body),
            content_type="application/json",
            headers={"authorization": f"Bearer {self.key}", **named},
        )

    def get(self, path: str, **headers: str) -> Any:
        """Read."""
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Create or move."""
        return self.send("POST", path, body, **headers)


def _dump(body: Any) -> bytes:
    return json.dumps(body).encode()
