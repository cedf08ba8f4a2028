"""Signing in by an OpenID provider, on the platform's console."""

from __future__ import annotations

from apps.security.oidc.pages import add_pages
from rustok.admin import platform_site

add_pages(platform_site)
