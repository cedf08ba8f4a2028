"""Where a request comes from. Forwarded headers are believed only from configured proxies (trap 31)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from django.http import HttpRequest

from rustok.config import config


@cache
def _trusted() -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(network, strict=False) for network in config().trusted_proxies)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def is_trusted_proxy(text: str) -> bool:
    """Whether this peer may speak for others."""
    if not _trusted():
        return False
    address = _parsed(text)
    return address is not None and any(address in network for network in _trusted())


def client_address(request: HttpRequest) -> str:
    """The nearest address that is not one of our own proxies, read from the right of `X-Forwarded-For`."""
    return address_of(request.META)


def network_of(address: str) -> str:
    """Whose address it is: hosts with IPv6 own a /64, so whoever has one address has all of them."""
    if ":" not in address:
        return address
    parsed = _parsed(address)
    if parsed is None:
        return address
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else str(parsed)


def address_of(meta: Mapping[str, Any]) -> str:
    """`client_address` of a WSGI environment."""
    peer = str(meta.get("REMOTE_ADDR", ""))
    if not is_trusted_proxy(peer):
        return peer
    for hop in reversed(str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")):
        address = _parsed(hop)
        if address is None:
            return peer
        peer = str(address)
        if not is_trusted_proxy(peer):
            return peer
    return peer
