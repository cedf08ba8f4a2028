"""An OpenID provider of ours that can lie: a thread with an HTTP server on loopback.

It checks what an honest one checks (client, redirect address, PKCE, one use of a code) and then answers as its `lies`
say. Consent is given in place: `consent(url)` plays the browser and returns the way back.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key

CLIENT, SECRET = "rustok", "a client secret"


def new_key(name: str) -> ECKey:
    """A key for ID tokens."""
    return ECKey.generate_key("P-256", {"kid": name, "use": "sig", "alg": "ES256"})


@dataclass
class Peer:
    """The provider's state; tests change it before they sign in."""

    port: int = 0
    claims: dict[str, Any] = field(default_factory=dict)
    lies: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: Key = field(default_factory=lambda: new_key("first"))
    published: list[Key] | None = None
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    algorithm: str = "ES256"

    @property
    def issuer(self) -> str:
        """Its name."""
        return f"http://127.0.0.1:{self.port}"

    def consent(self, url: str) -> dict[str, str]:
        """What the browser brings back from this authorization address."""
        asked = dict(parse_qsl(urlsplit(url).query))
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def keys(self) -> dict[str, Any]:
        """The published keys."""
        return {"keys": [key.as_dict(private=False) for key in self.published or [self.key]]}

    def token(self, form: dict[str, str], credentials: str) -> tuple[int, Any]:
        """Redeem a code: an ID token, or the error of RFC 6749 section 5.2."""
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if credentials != base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '%20')}".encode()).decode():
            return 401, {"error": "invalid_client"}
        if (
            asked is None
            or asked["code_challenge"] != challenge.decode().rstrip("=")
            or asked["redirect_uri"] != form.get("redirect_uri")
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        """Signed claims; a lie of None leaves a claim out."""
        now = int(time.time())
        said = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.claims}
        said = {name: value for name, value in (said | self.lies).items() if value is not None}
        head = {"alg": self.algorithm, "kid": self.key.kid} | self.header
        return jwt.encode({k: v for k, v in head.items() if v is not None}, said, self.key, [self.algorithm])


@contextmanager
def openid_peer() -> Iterator[Peer]:
    """A provider that runs until the block ends."""
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        """The three addresses that a client talks to."""

        def do_GET(self) -> None:
            """Metadata and keys."""
            pages: dict[str, Callable[[], Any]] = {
                "/.well-known/openid-configuration": peer.metadata,
                "/keys": peer.keys,
            }
            self._answer(200, pages[self.path]())

        def do_POST(self) -> None:
            """Tokens."""
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self._answer(*peer.token(form, self.headers.get("Authorization", "").removeprefix("Basic ")))

        def _answer(self, status: int, said: Any) -> None:
            peer.asked.append(self.path)
            status, said = peer.answers.get(self.path, (status, said))
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status in {301, 302, 307}:
                self.send_header("Location", f"{peer.issuer}/keys")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    peer.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()


def way_back(answer: dict[str, str]) -> str:
    """The address that the browser is sent back to."""
    return f"/admin/login/oidc/callback/?{urlencode(answer)}"
