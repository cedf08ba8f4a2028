"""Who may get into the demo: the operator; per shop an owner, an API key, a signing key. Runs in the platform scope."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any, Final

from apps.demo.stores import Store
from apps.lifecycle.services import ProvisionTenant, provision_tenant
from apps.security.queries import api_keys, find_user
from apps.security.services import create_api_key, create_user, set_password
from apps.security.zero_trust.queries import signing_keys
from apps.security.zero_trust.services import CreateSigningKey, create_signing_key
from apps.tenants.isolation import tenant_scope
from apps.tenants.queries import find_tenant
from rustok.config import config
from rustok.context import current

OPERATOR: Final = "operator"
OWNER: Final = "owner"
KEY_NAME: Final = "demo"


def platform(known: dict[str, Any]) -> dict[str, Any]:
    """The operator and a platform key; what `known` says is kept when it still holds."""
    return {
        "url": config().public_url(config().base_domain),
        "admin": _account(OPERATOR, "operator", known.get("admin", {})),
        "api_key": _key(known.get("api_key", "")),
    }


def shop(store: Store, known: dict[str, Any]) -> dict[str, Any]:
    """The shop's entry in demo.json; provisions the shop when there is none."""
    host = f"{store.slug}.{config().base_domain}"
    if find_tenant(store.slug) is None:
        password = secrets.token_urlsafe(12)
        wanted = ProvisionTenant(slug=store.slug, name=store.name, admin_username=OWNER, admin_password=password)
        provision_tenant(input=wanted, context=current())
        known = {"admin": {"username": OWNER, "password": password}}
    with tenant_scope(store.slug, even_suspended=True):
        return {
            "slug": store.slug,
            "name": store.name,
            "url": config().public_url(host),
            "api_key": _key(known.get("api_key", "")),
            "signing": _signing(known.get("signing", {})),
            "admin": _account(OWNER, OWNER, known.get("admin", {})),
        }


def _account(username: str, role: str, known: dict[str, Any]) -> dict[str, str]:
    """The user with the remembered password, or a new one where none is remembered.

    Whoever has changed the password since knows it: it is not set back.
    """
    user = find_user(username=username)
    password = known.get("password", "")
    if user is None:
        password = secrets.token_urlsafe(12)
        create_user(username=username, password=password, role=role, context=current())
    elif not password:
        password = secrets.token_urlsafe(12)
        set_password(user=user, password=password, context=current())
    return {"username": username, "password": password}


def _key(known: str) -> str:
    """The remembered key if it is still good, else a new one with every permission of the scope."""
    prefix = known.split("_")[1] if known.count("_") == 2 else ""
    if prefix and api_keys().filter(prefix=prefix, revoked_at=None).exists():
        return known
    context = replace(current(), permissions=frozenset({"*:*"}))
    return create_api_key(name=KEY_NAME, permissions=["*:*"], context=context)[1]


def _signing(known: dict[str, Any]) -> dict[str, str]:
    """The remembered HMAC key for request signatures if it is still in force, else a new one; `secret` is base64."""
    if known.get("secret") and signing_keys().filter(key_id=known.get("key_id")).exists():
        return {"key_id": known["key_id"], "secret": known["secret"]}
    context = replace(current(), permissions=frozenset({"*:*"}))
    wanted = CreateSigningKey(name=KEY_NAME, permissions=["*:*"])
    key, secret = create_signing_key(input=wanted, context=context)
    return {"key_id": key.key_id, "secret": secret}
