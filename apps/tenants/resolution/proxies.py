"""Forwarded headers: believed only from configured networks, otherwise removed before anybody can read them (trap 31)."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from rustok.errors.families import ConfigurationInvalid

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_FORWARDED: Final = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_SERVER",
    "HTTP_X_REAL_IP",
)
_IDENTITY_PREFIXES: Final = ("HTTP_X_TENANT", "HTTP_X_USER")


@cache
def networks(configured: tuple[str, ...]) -> tuple[Network, ...]:
    """Parse CIDR texts; raises ConfigurationInvalid with the bad one."""
    try:
        return tuple(ip_network(text) for text in configured)
    except ValueError as error:
        raise ConfigurationInvalid(problem=f"trusted_proxies: {error}") from None


def apply_forwarding(meta: dict[str, Any], trusted: tuple[Network, ...]) -> None:
    """Rewrite a WSGI environment so that everything downstream sees one truth.

    From a trusted proxy `X-Forwarded-Host` (its last value: the proxy's own) becomes the host, and the nearest untrusted
    `X-Forwarded-For` address the peer. From anybody else these headers go. Headers that claim a tenant or a user always go.
    """
    for name in [name for name in meta if name.startswith(_IDENTITY_PREFIXES)]:
        del meta[name]
    if _is_trusted(str(meta.get("REMOTE_ADDR", "")), trusted):
        _believe(meta, trusted)
        return
    for name in _FORWARDED:
        meta.pop(name, None)


def _believe(meta: dict[str, Any], trusted: tuple[Network, ...]) -> None:
    host = str(meta.get("HTTP_X_FORWARDED_HOST", "")).rpartition(",")[2].strip()
    if host:
        meta["HTTP_HOST"] = host
    hops = [hop.strip() for hop in str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
    for hop in reversed(hops):
        if _parse(hop) is None:
            return
        meta["REMOTE_ADDR"] = hop
        if not _is_trusted(hop, trusted):
            return


def _is_trusted(peer: str, trusted: tuple[Network, ...]) -> bool:
    if not trusted:
        return False
    address = _parse(peer)
    return address is not None and any(address in network for network in trusted)


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else mapped
