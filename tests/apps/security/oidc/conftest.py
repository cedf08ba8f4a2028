"""A provider that can lie, configured as the platform's, and the platform's door."""

from __future__ import annotations

import pytest

from apps.security.oidc import discovery
from apps.security.oidc.provider import Provider
from rustok.resilience import dependencies
from tests.support.openid_peer import CLIENT, SECRET, openid_peer

START = "/admin/login/oidc/"


@pytest.fixture(scope="module")
def one_peer():
    """One server for the tests of a module."""
    with openid_peer() as running:
        yield running


@pytest.fixture
def peer(one_peer, configured):
    """The provider as it came, honest."""
    fresh = type(one_peer)(
        port=one_peer.port, claims={"sub": "ann-1", "email": "Ann@example.com", "email_verified": True}
    )
    vars(one_peer).update(vars(fresh))
    configured(issuer=one_peer.issuer)
    return one_peer


@pytest.fixture
def configured(monkeypatch):
    """`configured(issuer=..., roles=...)` names the provider; nothing is remembered of others."""

    def set_up(issuer, **wishes):
        facts = {"label": "Example", "scopes": "openid", "groups_claim": "groups", "roles": {}, "domains": frozenset()}
        chosen = Provider(**{"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, **facts, **wishes})
        for place in ("apps.security.oidc.pages.provider", "apps.security.templatetags.identity_provider.provider"):
            monkeypatch.setattr(place, lambda: chosen)
        return chosen

    discovery.forget()
    dependencies.forget()
    yield set_up
    discovery.forget()
    dependencies.forget()


@pytest.fixture
def browser(db, client_of):
    """Somebody in front of the platform's console."""
    return client_of(HTTP_ACCEPT="text/html")
