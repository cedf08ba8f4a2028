"""Forwarded headers are somebody's claim: believed from our proxies only (trap 31)."""

from __future__ import annotations

import pytest

from apps.tenants.resolution.proxies import apply_forwarding

CLAIMS = {
    "HTTP_X_FORWARDED_HOST": "globex.localhost",
    "HTTP_X_FORWARDED_FOR": "10.0.0.1",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_FORWARDED": "host=globex.localhost",
    "HTTP_X_REAL_IP": "10.0.0.1",
}
IDENTITY = {"HTTP_X_TENANT_ID": "globex", "HTTP_X_TENANT": "globex", "HTTP_X_USER_ID": "root"}


def test_strangers_claims_vanish() -> None:
    meta = {"HTTP_HOST": "acme.localhost"} | CLAIMS

    apply_forwarding(meta, trusted=False)

    assert meta == {"HTTP_HOST": "acme.localhost"}


@pytest.mark.parametrize("trusted", [True, False])
def test_claimed_identity_vanishes_whoever_sends_it(trusted: bool) -> None:
    meta = {"HTTP_HOST": "acme.localhost"} | IDENTITY

    apply_forwarding(meta, trusted=trusted)

    assert meta == {"HTTP_HOST": "acme.localhost"}


@pytest.mark.parametrize(
    ("forwarded", "host"),
    [
        ("globex.localhost", "globex.localhost"),
        ("evil.example, globex.localhost", "globex.localhost"),
        ("", "acme.localhost"),
    ],
)
def test_trusted_proxy_names_the_host(forwarded: str, host: str) -> None:
    meta = {"HTTP_HOST": "acme.localhost", "HTTP_X_FORWARDED_HOST": forwarded}

    apply_forwarding(meta, trusted=True)

    assert meta["HTTP_HOST"] == host
