"""The one provider that the configuration names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from rustok.config import config

CALLBACK = "/admin/login/oidc/callback/"


@dataclass(frozen=True, slots=True)
class Provider:
    """Who vouches for operators, and for whom. `roles` is by group, in the order of preference."""

    issuer: str
    client_id: str
    client_secret: str
    label: str
    scopes: str
    groups_claim: str
    roles: Mapping[str, str]
    domains: frozenset[str]

    @property
    def host(self) -> str:
        """Where it lives."""
        return urlsplit(self.issuer).hostname or ""


def provider() -> Provider | None:
    """The configured provider, or None."""
    settings = config()
    if not settings.oidc_issuer or not settings.oidc_client_id:
        return None
    return Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        label=settings.oidc_label or urlsplit(settings.oidc_issuer).hostname or settings.oidc_issuer,
        scopes=settings.oidc_scopes,
        groups_claim=settings.oidc_groups_claim,
        roles=settings.oidc_roles,
        domains=frozenset(domain.lower() for domain in settings.oidc_domains),
    )


def callback_url() -> str:
    """Where the provider sends people back; the address to register there."""
    return config().public_url(config().base_domain) + CALLBACK
