"""Where webhooks may go (trap 34): read the URL strictly, resolve, check every address, and hand out the one checked.

The caller connects to exactly the address returned here, so that a second answer of the name server cannot differ.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import idna

from apps.webhooks.errors import UnsafeAddress
from apps.webhooks.places import Places
from rustok.config import config
from rustok.context import current

MAX_URL: Final = 2000
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f\\]")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052
_GLOBAL_IPV6: Final = ipaddress.ip_network("2000::/3")  # RFC 4291: all the global unicast there is so far
_ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)  # RFC 5214: the upper half of an interface identifier
# Beyond what the standard library knows of the IANA registries, and what only looks public.
_SPECIAL: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # IETF protocol assignments (RFC 6890); a cloud keeps its metadata at .192
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "168.63.129.16/32",  # the host agent of a cloud, reachable from its machines only
        "3fff::/20",  # documentation (RFC 9637)
    )
)
# Threads that wait for name servers, by tenant: one whose names hang makes nobody else's receivers unreachable.
_RESOLVERS: Final = Places(most=32, own=4)
_LOOPBACK: Final = "127.0.0.1"

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unreachable(Exception):
    """The name does not resolve (in time)."""


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver's URL in parts. `allowed` says that the configuration opens this very host and port."""

    scheme: str
    host: str
    port: int
    path: str
    allowed: bool

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        standard = 443 if self.scheme == "https" else 80
        return host if self.port == standard else f"{host}:{self.port}"


def read_url(url: str) -> Target:
    """Take a URL apart without asking the network; raises UnsafeAddress for what is malformed or plainly forbidden."""
    if len(url) > MAX_URL or _FORBIDDEN.search(url):
        raise UnsafeAddress(reason="it is too long or contains spaces or control characters")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = _ascii_host(parts.hostname or "")
    except (ValueError, UnicodeError):
        raise UnsafeAddress(reason="it is no valid URL") from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise UnsafeAddress(reason="it is no https URL with a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise UnsafeAddress(reason="it contains a user name, a password or a fragment")
    port = port or (443 if parts.scheme == "https" else 80)
    target = Target(parts.scheme, host, port, _path(parts.path, parts.query), _is_allowed(host, port))
    _check_static(target)
    return target


def resolve(target: Target, *, timeout: float) -> str:
    """The address to connect to.

    Raises UnsafeAddress when any address of the name is forbidden, Unreachable when there is none within `timeout`
    seconds. A receiver opened by configuration must be on this machine.
    """
    addresses = _addresses_of(target, timeout)
    for address in addresses:
        if target.allowed:
            if not address.is_loopback:
                raise UnsafeAddress(reason="the configuration opens it, but it is not on this machine")
        elif (reason := refusal(address)) is not None:
            raise UnsafeAddress(reason=reason)
    return str(addresses[0])


def refusal(address: IPAddress) -> str | None:
    """Why this address is forbidden; None when it is a public unicast one, in whatever disguise it came."""
    inner = _unwrapped(address)
    special = any(inner.version == network.version and inner in network for network in _SPECIAL)
    plain = inner.is_global and not (inner.is_multicast or inner.is_reserved or inner.is_unspecified or special)
    if plain and (inner.version == 4 or inner in _GLOBAL_IPV6):
        return None
    return "it leads into a private or reserved network"


def _unwrapped(address: IPAddress) -> IPAddress:
    """The IPv4 address inside an IPv6 one that carries it: mapped, 6to4, Teredo, NAT64, ISATAP."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64 or (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def _check_static(target: Target) -> None:
    if target.allowed:
        return
    if target.scheme != "https":
        raise UnsafeAddress(reason="only https is allowed")
    literal = _literal(target.host)
    if literal is not None and (reason := refusal(literal)) is not None:
        raise UnsafeAddress(reason=reason)
    if literal is None and _is_disguised(target.host):
        raise UnsafeAddress(reason="write the IP address in its plain form")
    if target.host == "localhost" or target.host.endswith(".localhost"):
        raise UnsafeAddress(reason="it leads into a private or reserved network")


def _is_disguised(host: str) -> bool:
    """Decimal, octal, hexadecimal or shortened IPv4, as the C library would read it."""
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _ascii_host(host: str) -> str:
    bare = host.rstrip(".").lower()
    return bare if bare.isascii() else idna.encode(bare, uts46=True).decode()


def _path(path: str, query: str) -> str:
    whole = (path or "/") + (f"?{query}" if query else "")
    if not whole.isascii():
        raise UnsafeAddress(reason="its path is not percent-encoded")
    return whole


def _is_allowed(host: str, port: int) -> bool:
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" in config().webhook_allow


def _addresses_of(target: Target, timeout: float) -> list[IPAddress]:
    literal = _literal(target.host)
    if literal is not None:
        return [literal]
    if target.host == "localhost" or target.host.endswith(".localhost"):
        return [ipaddress.IPv4Address(_LOOPBACK)]  # RFC 6761 section 6.3; not every resolver knows it (trap 60)
    return _look_up(target.host, target.port, timeout)


def _look_up(host: str, port: int, timeout: float) -> list[IPAddress]:
    """`getaddrinfo` with a time limit: it has none of its own, so a thread waits in our place."""
    found: list[IPAddress] = []
    until = time.monotonic() + timeout
    places, tenant = _RESOLVERS, current().tenant
    owner = tenant.id if tenant else None
    if not places.take(owner, timeout=max(0.0, timeout)):
        raise Unreachable("too many name servers do not answer")

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        finally:
            places.give_back(owner)
        found.extend(ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers)

    thread = threading.Thread(target=ask, name="webhook-resolver", daemon=True)
    thread.start()
    thread.join(max(0.0, until - time.monotonic()))
    if thread.is_alive() or not found:
        raise Unreachable(f"{host} does not resolve")
    return found
