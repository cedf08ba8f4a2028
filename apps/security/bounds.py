"""Bounds of a credential, handed on: none that it makes reaches further or lasts longer than it does itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.utils.translation import gettext_lazy as _

from apps.security.access.grants import invalid
from apps.security.models import ApiKey, SigningKey
from rustok.context import ExecutionContext


def check_bounds(*, expires_at: datetime | None, networks: Sequence[str], context: ExecutionContext) -> None:
    """Raise InvalidInput when a key acts, and the new one would outlast it or work from where it does not.

    `networks` in their stored spelling. People and the machine itself have no such bounds. One statement for a key.
    """
    ends, within = _bounds(context)
    if ends is not None and (expires_at is None or expires_at > ends):
        raise invalid("/expires_at", "beyond", _("A key cannot make one that lasts longer than itself."))
    if within and not (networks and all(_is_part(network, within) for network in networks)):
        message = _("A key that is bound to networks cannot make one that works from elsewhere.")
        raise invalid("/allowed_networks", "beyond", message)


def _bounds(context: ExecutionContext) -> tuple[datetime | None, Sequence[str]]:
    """When the acting credential ends, and from where it works; a key that is gone has been refused before."""
    key: ApiKey | SigningKey | None
    if context.actor.kind == "api_key":
        key = ApiKey.objects.filter(pk=context.actor.id).first()
        return (key.expires_at, key.allowed_networks) if key is not None else (None, ())
    if context.actor.kind == "signing_key":
        key = SigningKey.objects.filter(pk=context.actor.id).first()
        return (key.expires_at, ()) if key is not None else (None, ())
    return None, ()


def _is_part(network: str, within: Sequence[str]) -> bool:
    inner = ip_network(network)
    return any(_covers(ip_network(outer), inner) for outer in within)


def _covers(outer: IPv4Network | IPv6Network, inner: IPv4Network | IPv6Network) -> bool:
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)
