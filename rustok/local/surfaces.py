"""What must answer before `make run` says ready, asked as a browser would: on loopback, with the host in the header."""

import http.client
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from rustok.local.layout import LOOPBACK

OPEN_OR_SUSPENDED: Final = (HTTPStatus.OK, HTTPStatus.FORBIDDEN)
"""A shop's own answers: an operator may have suspended it, and the platform is ready all the same."""


@dataclass(frozen=True)
class Surface:
    """One page: its host name (no port), its path, and the answers that show it is served."""

    host: str
    path: str
    served: tuple[HTTPStatus, ...] = (HTTPStatus.OK,)

    def __str__(self) -> str:
        """Return host and path, as in an address."""
        return f"{self.host}{self.path}"


def answers(surface: Surface, port: int, seconds: float = 4) -> bool:
    """Whether the page gives an answer that counts within `seconds`."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
    try:
        connection.request("GET", surface.path, headers={"Host": f"{surface.host}:{port}"})
        return connection.getresponse().status in surface.served
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def silent(surfaces: Sequence[Surface], port: int) -> Surface | None:
    """Return the first surface that does not answer yet."""
    return next((surface for surface in surfaces if not answers(surface, port)), None)
