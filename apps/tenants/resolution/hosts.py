"""Host names in one canonical form, so that one host is one tenant (trap 24)."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

import idna

from apps.tenants.errors import MalformedHost

_LONGEST: Final = 253  # octets, RFC 1035 section 2.3.4
_AUTHORITY: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:/?#@\[\]\\,]+)(?::(?P<port>[0-9]{0,5}))?")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


@lru_cache(maxsize=4096)
def normalise(authority: str) -> str:
    """Canonical host of a Host header: no port, lower case, no trailing dot, A-labels (RFC 5891, UTS 46).

    IP literals come back in canonical form. Raises MalformedHost for anything that is no `host[:port]`.
    """
    text = _decoded(authority)
    match = _AUTHORITY.fullmatch(text) if text.isprintable() else None
    if match is None or int(match["port"] or 0) > 65_535:
        raise MalformedHost
    host = match["host"]
    if host.startswith("["):
        return _ipv6(host)
    host = _ascii(host).lower().removesuffix(".")
    labels = host.split(".")
    if len(host) > _LONGEST or not all(_LABEL.fullmatch(label) for label in labels):
        raise MalformedHost
    return _ipv4(host) if labels[-1].isdigit() else host


def _decoded(authority: str) -> str:
    """WSGI hands header bytes over as Latin-1 (PEP 3333); a U-label in them is UTF-8."""
    if authority.isascii():
        return authority
    try:
        return authority.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise MalformedHost from None


def _ascii(host: str) -> str:
    if host.isascii() and "xn--" not in host.lower():
        return host
    try:
        return idna.encode(host.removesuffix("."), uts46=True).decode("ascii")
    except UnicodeError:  # idna.IDNAError is one
        raise MalformedHost from None


def _ipv4(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except AddressValueError:
        raise MalformedHost from None


def _ipv6(literal: str) -> str:
    try:
        return f"[{IPv6Address(literal[1:-1])}]"
    except AddressValueError:
        raise MalformedHost from None


def tenant_label(host: str, base_domain: str) -> str | None:
    """The slug in `<slug>.<base domain>`, or None when the host is not directly below the base domain."""
    label, dot, parent = host.partition(".")
    return label if dot and parent == base_domain else None
