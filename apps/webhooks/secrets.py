"""An endpoint's signing secrets: the current one, and during an overlap the one before it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.sealing import seal, unseal

OVERLAP: Final = timedelta(hours=24)
MAX_OVERLAP: Final = timedelta(days=7)


def signing_keys(endpoint: WebhookEndpoint) -> list[bytes]:
    """The keys that sign a message now: the newest first, two during an overlap."""
    keys = [unseal(bytes(endpoint.sealed_secret), row=endpoint.pk)]
    until = endpoint.previous_secret_until
    if endpoint.previous_sealed_secret is not None and until is not None and until > timezone.now():
        keys.append(unseal(bytes(endpoint.previous_sealed_secret), row=endpoint.pk))
    return keys


def replace_secret(endpoint: WebhookEndpoint, key: bytes, *, overlap: timedelta) -> datetime:
    """Make `key` the endpoint's secret; the present one signs beside it for `overlap`. Returns until when.

    A third one, from a rotation before, ends at once. Nothing is stored yet.
    """
    until = timezone.now() + overlap
    endpoint.previous_sealed_secret = endpoint.sealed_secret if overlap else None
    endpoint.previous_secret_until = until if overlap else None
    endpoint.sealed_secret = seal(key, row=endpoint.pk)
    return until
