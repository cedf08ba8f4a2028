"""URL maps: one for the platform host, one for tenant hosts. Apps export patterns; the lists below are the map."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def api_patterns(apps: tuple[str, ...], side: str) -> list[Any]:
    """The `<side>_urlpatterns` of each app's `api/urls.py`, in order."""
    found: list[Any] = []
    for app in apps:
        found.extend(getattr(import_module(f"apps.{app}.api.urls"), f"{side}_urlpatterns"))
    return found
