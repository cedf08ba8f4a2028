"""Requests signed by an independent implementation of RFC 9421: the package http-message-signatures, not our code."""

from __future__ import annotations

import base64
import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.test import Client
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

COVERED = ("@method", "@target-uri", "@authority")
ALGORITHMS = {
    "hmac-sha256": algorithms.HMAC_SHA256,
    "ed25519": algorithms.ED25519,
    "ecdsa-p256-sha256": algorithms.ECDSA_P256_SHA256,
}


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, key: Any) -> None:
        self.key = key

    def resolve_private_key(self, key_id: str) -> Any:
        return self.key

    def resolve_public_key(self, key_id: str) -> Any:
        return self.key


def digest_of(body: bytes) -> str:
    """`Content-Digest` of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


@dataclass
class Signer:
    """Signs requests to one host with one key."""

    key_id: str
    key: Any
    host: str
    algorithm: str = "hmac-sha256"
    scheme: str = "http"

    def headers(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        age: int = 0,
        covered: tuple[str, ...] | None = None,
        nonce: str | None = None,
        **more: Any,
    ) -> dict[str, str]:
        """The signature's header fields; `age` in seconds before now, negative for the future."""
        fields = {"Content-Digest": digest_of(body)} if body else {}
        message = SimpleNamespace(method=method, url=f"{self.scheme}://{self.host}{path}", headers=fields)
        wanted = covered if covered is not None else COVERED + (("content-digest",) if body else ())
        signer = HTTPMessageSigner(signature_algorithm=ALGORITHMS[self.algorithm], key_resolver=_OneKey(self.key))
        signer.sign(
            message,
            key_id=self.key_id,
            created=datetime.now(UTC) - timedelta(seconds=age),
            nonce=uuid.uuid4().hex if nonce is None else nonce or None,
            covered_component_ids=wanted,
            use_existing_digest=bool(body),
            **more,
        )
        return dict(message.headers)


@dataclass
class SignedClient:
    """Django's test client with a signer in front of it."""

    client: Client
    signer: Signer
    defaults: dict[str, str] = field(default_factory=dict)

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        body_sent: bytes | None = None,
        **wish: Any,
    ) -> Any:
        """One signed request; `headers` replace or add fields and `body_sent` replaces the body after signing."""
        signed = self.signer.headers(method, path, body, **wish) | self.defaults | (headers or {})
        sent = body if body_sent is None else body_sent
        return self.client.generic(method, path, sent, content_type="application/json", headers=signed)
