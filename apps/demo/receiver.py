"""The receiving end of the shops' webhooks: check the signature, note the event once, say whether it came in its order.

Signatures are checked by the reference verifier of Standard Webhooks, not by the code that made them. Taking an event
costs one statement.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from standardwebhooks.webhooks import Webhook

from apps.demo.errors import BadSignature, UnreadableEvent
from apps.demo.models import Subscription
from apps.demo.subscribing import secret_for
from rustok.db.ids import new_id
from rustok.errors.families import NotFound

_REMEMBERED_SECONDS: Final = 10.0

_TAKE: Final = """
INSERT INTO demo_arrival AS a
    (id, subscription_id, event_id, type, stream, version, position, occurred_at, arrived_at, deliveries, in_order)
SELECT %(id)s, %(subscription)s, %(event)s, %(type)s, %(stream)s, %(version)s::bigint, %(position)s::bigint,
       %(occurred)s, clock_timestamp(), 1,
       NOT EXISTS (SELECT FROM demo_arrival o WHERE o.subscription_id = %(subscription)s AND o.stream = %(stream)s
                   AND o.version > %(version)s::bigint)
ON CONFLICT (subscription_id, event_id) DO UPDATE SET deliveries = a.deliveries + 1
"""


@dataclass(frozen=True, slots=True)
class _Known:
    """A subscription as this process remembers it."""

    id: UUID
    verifier: Webhook
    until: float


_memory: dict[str, _Known] = {}
_memory_lock: Final = Lock()


def take(*, slug: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Note one delivery.

    Raises NotFound (no such subscription), BadSignature (counted) and UnreadableEvent (signed, but no CloudEvent).
    """
    known = _subscription(slug)
    try:
        known.verifier.verify(body, dict(headers), json_parse=False)
    except Exception as error:  # the verifier raises ValueError and binascii.Error too, for headers of a wrong form
        Subscription.objects.filter(pk=known.id).update(refused=F("refused") + 1, refused_at=timezone.now())
        raise BadSignature from error
    event = _read(body)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"id": new_id(), "subscription": known.id, **event})


def forget(slug: str) -> None:
    """Drop what this process remembers of a subscription."""
    with _memory_lock:
        _memory.pop(slug, None)


def _subscription(slug: str) -> _Known:
    """The subscription, looked up at most every ten seconds."""
    now = time.monotonic()
    known = _memory.get(slug)
    if known is None or known.until < now:
        key = Subscription.objects.filter(slug=slug).values_list("pk", flat=True).first()
        if key is None:
            raise NotFound(resource=_("subscription"))
        known = _Known(key, Webhook(secret_for(slug)), now + _REMEMBERED_SECONDS)
        with _memory_lock:
            _memory[slug] = known
    return known


def _read(body: bytes) -> dict[str, Any]:
    """The members of the CloudEvent that are noted; `subject` and the two numbers are missing in a test send."""
    try:
        event = orjson.loads(body)
        version, position = event.get("streamversion"), event.get("position")
        return {
            "event": str(event["id"])[:64],
            "type": str(event["type"])[:200],
            "stream": str(event.get("subject", ""))[:200],
            "version": None if version is None else int(version),
            "position": None if position is None else int(position),
            "occurred": datetime.fromisoformat(event["time"]),
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableEvent from error
