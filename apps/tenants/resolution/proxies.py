"""Forwarded headers: believed from configured proxies only, otherwise removed before anybody reads them (trap 31)."""

from __future__ import annotations

from typing import Any, Final

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


def apply_forwarding(meta: dict[str, Any], *, trusted: bool) -> None:
    """Rewrite a WSGI environment so that everything downstream sees one truth.

    From a trusted proxy the last value of `X-Forwarded-Host` (the proxy's own) becomes the host. From anybody else all
    forwarded headers go. Headers that claim a tenant or a user go always.
    """
    for name in [name for name in meta if name.startswith(_IDENTITY_PREFIXES)]:
        del meta[name]
    if not trusted:
        for name in _FORWARDED:
            meta.pop(name, None)
        return
    host = str(meta.get("HTTP_X_FORWARDED_HOST", "")).rpartition(",")[2].strip()
    if host:
        meta["HTTP_HOST"] = host
