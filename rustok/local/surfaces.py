"""What must answer before `make run` says ready, asked as a browser would: on loopback, with the host in the header."""

import http.client
from collections.abc import Sequence
from dataclasses import dataclass

from rustok.local.layout import LOOPBACK


@dataclass(frozen=True)
class Surface:
    """One page: its host name (no port) and its path."""

    host: str
    path: str

    def __str__(self) -> str:
        """Return host and path, as in an address."""
        return f"{self.host}{self.path}"


def answers(surface: Surface, port: int, seconds: float = 4) -> bool:
    """Whether the page answers 200 within `seconds`."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
    try:
        connection.request("GET", surface.path, headers={"Host": f"{surface.host}:{port}"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def silent(surfaces: Sequence[Surface], port: int) -> Surface | None:
    """Return the first surface that does not answer yet."""
    return next((surface for surface in surfaces if not answers(surface, port)), None)
