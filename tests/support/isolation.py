"""Nothing that a process remembers outlives a test."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.cache import cache

from apps.flags import evaluation as flags
from apps.security.identity.rules import forget_policy
from apps.security.zero_trust.audit import refusals
from apps.security.zero_trust.rules import forget_rules
from apps.tenants.isolation import platform_scope
from apps.tenants.resolution.directory import directory
from rustok.resilience.dependencies import forget as forget_dependencies

settings.CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "KEY_FUNCTION": settings.CACHES["default"]["KEY_FUNCTION"],
    }
}


@pytest.fixture(autouse=True)
def fresh_caches() -> None:
    """Start with an empty cache, an empty tenant directory, unread flags and healthy dependencies."""
    flags.poller.cache_clear()
    forget_dependencies()
    directory.cache_clear()
    forget_rules()
    forget_policy()
    refusals.forget()
    with platform_scope("empty the cache of the test before"):
        cache.clear()
