"""Networks (CIDR, RFC 4632 and RFC 4291) from which a credential may be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from apps.security.errors import AddressRefused

MOST_NETWORKS = 50


def canonical(text: str) -> str:
    """The network as it is stored; raises ValueError for what is none, or has bits behind its mask.

    A single address is a network of one; an IPv4 address inside IPv6 (`::ffff:192.0.2.1`) is that IPv4 address.
    """
    network = ip_network(text.strip())
    inner = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if inner is not None and network.prefixlen >= 96:
        return str(IPv4Network((inner, network.prefixlen - 96)))
    return str(network)


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether the address lies in one of them. What is no address lies nowhere."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in _parsed(tuple(networks)))


def check_address(address: str, networks: Sequence[str]) -> None:
    """Raise AddressRefused unless the credential may be used from here; no networks mean from anywhere."""
    if networks and not is_within(address, networks):
        raise AddressRefused(address=address or "-")


@lru_cache(maxsize=1_000)
def _parsed(networks: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(network) for network in networks)
