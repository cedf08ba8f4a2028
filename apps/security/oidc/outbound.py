"""HTTP to the provider: bounded in time and size, no redirects, behind `dependency("oidc")`.

The operator has named the issuer, so its host may lie in a private network. Other hosts that its metadata names are
spoken to over HTTPS only, and only when every address of theirs is a public one. Plain HTTP is for an issuer on this
machine.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import orjson
import urllib3

from apps.security.oidc.errors import ProviderUnavailable
from apps.security.oidc.provider import Provider
from rustok.errors import DomainError
from rustok.resilience.dependencies import dependency
from rustok.telemetry.logging import log_event

MOST_BYTES: Final = 1_048_576
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_RETRY_SECONDS: Final = 5.0


class Unusable(Exception):
    """An answer, or an address, that cannot be used; the text is for the log."""


def ask(provider: Provider, url: str, *, form: Mapping[str, str] | None = None, **headers: str) -> dict[str, Any]:
    """The JSON object that GET, or POST of a form, answers with; raises ProviderUnavailable, Unusable (4xx).

    A 4xx answer is the provider's opinion about our request: it does not speak against its health.
    """
    try:
        check_url(provider, url)
        status, body = dependency("oidc").call(_exchange, url, form, headers)
    except DomainError as error:
        raise ProviderUnavailable(retry_after=error.retry_after or _RETRY_SECONDS) from error
    except (urllib3.exceptions.HTTPError, OSError, Unusable) as error:
        log_event("oidc.failed", url=url, reason=f"{type(error).__name__}: {error}"[:300])
        raise ProviderUnavailable(retry_after=_RETRY_SECONDS) from error
    if status != 200:
        raise Unusable(f"{url} answered {status}: {body[:200]!r}")
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unusable(f"{url} answered no JSON") from error
    if not isinstance(said, dict):
        raise Unusable(f"{url} answered no object")
    return said


def check_url(provider: Provider, url: str) -> None:
    """Raise Unusable for an address that we do not speak to."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.username is not None or parts.fragment:
        raise Unusable(f"{url} is no plain address")
    if parts.scheme != "https" and not (parts.scheme == "http" and provider.host in _LOOPBACK and host in _LOOPBACK):
        raise Unusable(f"{url} is not https")
    if host != provider.host and not _is_public(host, parts.port or 443):
        raise Unusable(f"{url} leads into a private network")


def _is_public(host: str, port: int) -> bool:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unusable(f"{host} does not resolve") from error
    addresses = [ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers]
    return all(address.is_global and not address.is_multicast for address in addresses)


def _exchange(url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
    body = urlencode(form) if form is not None else None
    sent = {"Accept": "application/json", **headers}
    if form is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    answer = _pool().request(
        "GET" if form is None else "POST",
        url,
        body=body,
        headers=sent,
        redirect=False,
        retries=False,
        preload_content=False,
        timeout=urllib3.Timeout(connect=3.0, read=5.0),
    )
    try:
        content = answer.read(MOST_BYTES + 1, decode_content=True)
    finally:
        answer.close()  # sign-ins are rare: a connection kept for the next one would be a dead one by then
    if len(content) > MOST_BYTES:
        raise Unusable(f"{url} answered too much")
    if answer.status >= 500:
        raise Unusable(f"{url} answered {answer.status}")
    return answer.status, content


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(num_pools=4, maxsize=4)
