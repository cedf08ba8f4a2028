"""Error reports to Sentry when a DSN is configured: tagged with the tenant, without secrets or personal data."""

from __future__ import annotations

from typing import Any, Final, cast

import sentry_sdk
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.types import Event, Hint

from rustok import context
from rustok.errors import DomainError
from rustok.telemetry.redaction import redact_fields, redact_text

_QUERIES: Final = frozenset({"query_string", "http.query", "http.fragment"})
_ADDRESSES: Final = frozenset({"url", "referer"})


def configure(*, dsn: str, environment: str, release: str = "") -> bool:
    """Start reporting; False without a DSN. No bodies, no cookies, no user data leave the process."""
    if not dsn:
        return False
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release or None,
        max_request_body_size="never",
        include_local_variables=False,
        traces_sample_rate=None,  # spans are OpenTelemetry's; Sentry gets errors, and adds no headers of its own
        trace_propagation_targets=[],
        auto_session_tracking=False,
        integrations=[CeleryIntegration(propagate_traces=False)],
        before_send=before_send,
    )
    return True


def before_send(event: Event, hint: Hint) -> Event | None:
    """Drop expected refusals, tag the rest with tenant, request and trace, and mask secrets at any depth."""
    raised = (hint.get("exc_info") or (None, None))[1]
    if isinstance(raised, DomainError) and not _is_defect(raised):
        return None
    here = context.current()
    tags = dict(cast("dict[str, Any]", event.get("tags") or {}))
    tags["tenant"] = here.tenant.slug if here.tenant else ("platform" if here.platform else "none")
    tags["trace_id"], tags["request_id"] = here.trace.trace_id, here.request_id
    event["tags"] = tags
    if here.trace is not context.UNTRACED:  # the same trace as in logs, spans and audit, not one of Sentry's own
        contexts = dict(event.get("contexts") or {})
        contexts["trace"] = {"trace_id": here.trace.trace_id, "span_id": here.trace.span_id}
        event["contexts"] = contexts
    return cast("Event", _scrubbed(event))


def _bare(name: str, value: Any) -> Any:
    """An address without its query, which may hold anything (tickets, codes of a sign-in): spans have none either."""
    return value.partition("?")[0] if name.lower() in _ADDRESSES and isinstance(value, str) else value


def _is_defect(error: DomainError) -> bool:
    return error.code // 1000 == 5


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        kept = {name: _bare(name, inner) for name, inner in value.items() if name not in _QUERIES}
        return {name: _scrubbed(inner) for name, inner in redact_fields(kept).items()}
    if isinstance(value, (list, tuple)):
        return [_scrubbed(item) for item in value]
    return value
