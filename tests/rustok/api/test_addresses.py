"""Where a request comes from: forwarded headers count only from our own proxies."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from rustok.api import addresses
from rustok.api.addresses import client_address

CASES = [
    # peer, X-Forwarded-For, what is believed
    ("203.0.113.9", "", "203.0.113.9"),
    ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # a stranger may say what it likes
    ("10.0.0.1", "", "10.0.0.1"),
    ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
    ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # the left part is the caller's own claim
    ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
    ("10.0.0.1", "garbage", "10.0.0.1"),
    ("10.0.0.1", "198.51.100.1, garbage", "10.0.0.1"),
    ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
    ("", "198.51.100.1", ""),
]


@pytest.fixture(autouse=True)
def _behind_a_proxy(monkeypatch):
    monkeypatch.setattr(addresses, "config", lambda: type("Proxied", (), {"trusted_proxies": ("10.0.0.0/24",)}))
    addresses._trusted.cache_clear()
    yield
    addresses._trusted.cache_clear()


@pytest.mark.parametrize(("peer", "forwarded", "believed"), CASES)
def test_forwarded_addresses(peer, forwarded, believed):
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)

    assert client_address(request) == believed
