"""The test button: one signed message that is no event of the log, sent at once."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import orjson

from apps.events.envelope import source_of
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.queries import get_endpoint
from apps.webhooks.sending import Message, Sender
from rustok.context import ExecutionContext, current
from rustok.db.ids import new_id
from rustok.policy import require
from rustok.tenant_config import tenant_config

TYPE: Final = "webhooks.test.v1"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What the receiver answered. `status_code` None: nothing, and `error` says why."""

    succeeded: bool
    status_code: int | None
    duration_ms: int
    error: str
    excerpt: str


def send_test(*, endpoint_id: UUID, context: ExecutionContext) -> ProbeResult:
    """Send a test message and wait for the answer, at most the endpoint's time limit. Not inside a transaction.

    Needs `webhook:update`. Raises NotFound.
    """
    require(context, "webhook:update")
    return ping(get_endpoint(endpoint_id))


def ping(endpoint: WebhookEndpoint) -> ProbeResult:
    """Send one signed test message to the endpoint, whatever its status."""
    context, message_id = current(), str(new_id())
    document = {
        "specversion": "1.0",
        "id": message_id,
        "source": source_of(context.tenant.slug if context.tenant else ""),
        "type": TYPE,
        "subject": f"webhook-{endpoint.pk}",
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"endpoint": str(endpoint.pk)},
    }
    with closing(Sender(endpoint)) as sender:
        message = Message(message_id, orjson.dumps(document), current().trace)
        sent = sender.send(message, timeout=tenant_config().webhook_timeout)
    reply = sent.reply
    return ProbeResult(
        succeeded=sent.succeeded,
        status_code=reply.status if reply else None,
        duration_ms=sent.duration_ms,
        error=sent.error,
        excerpt=reply.excerpt if reply else "",
    )
