"""The way to the identity provider, for the door of the platform's console."""

from __future__ import annotations

from django import template

from apps.security.oidc.provider import provider
from rustok.context import current

register = template.Library()


@register.simple_tag
def provider_label() -> str:
    """What the button says; empty where there is no provider to go to."""
    chosen = provider() if current().platform else None
    return chosen.label if chosen is not None else ""
