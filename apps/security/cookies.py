"""Cookies beside those of sessions and forms. Over HTTPS no sibling host can plant them (RFC 6265bis, 4.1.3.2)."""

from __future__ import annotations

from django.conf import settings


def bound_cookie(name: str, path: str) -> tuple[str, str]:
    """Name and path of a cookie of this host alone: browsers take `__Host-` by HTTPS alone, with path `/`."""
    return (f"__Host-{name}", "/") if settings.SESSION_COOKIE_SECURE else (name, path)
