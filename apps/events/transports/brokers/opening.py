"""From a URL to a broker. The module behind a scheme is imported at its first use: clients are optional packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final
from urllib.parse import urlsplit

from apps.events.transports.brokers import Broker, BrokerDown, Topology

# Opens a connection within `timeout` seconds or raises BrokerDown.
Opener = Callable[[str, Topology, float], Broker]

_ROOM: Final = "apps.events.transports.brokers"
_MODULES: Final[dict[str, str]] = {
    "memory": f"{_ROOM}.memory",
    "redis": f"{_ROOM}.redis_streams",
    "rediss": f"{_ROOM}.redis_streams",
    "nats": f"{_ROOM}.jetstream",
    "tls": f"{_ROOM}.jetstream",
    "amqp": f"{_ROOM}.rabbitmq",
    "amqps": f"{_ROOM}.rabbitmq",
    "kafka": f"{_ROOM}.kafka",
    "kafkas": f"{_ROOM}.kafka",
    "iggy": f"{_ROOM}.iggy",
}
SCHEMES: Final[Mapping[str, str]] = _MODULES


def register_scheme(scheme: str, module: str) -> None:
    """Offer another broker: `module` is a dotted path with a function `connect(url, topology, timeout)`."""
    _MODULES[scheme] = module


def connect(url: str, topology: Topology, *, timeout: float) -> Broker:
    """A connection with its topology made sure of. Raises BrokerDown, also for an unknown scheme or missing client."""
    scheme = urlsplit(url).scheme
    path = _MODULES.get(scheme)
    if path is None:
        raise BrokerDown(f"no transport speaks {scheme or 'nothing'}://; known are {', '.join(sorted(_MODULES))}")
    try:
        opener: Opener = import_module(path).connect
    except ImportError as error:
        raise BrokerDown(f"{scheme}:// needs a package of requirements/transports.txt: {error}") from error
    return opener(url, topology, timeout)
