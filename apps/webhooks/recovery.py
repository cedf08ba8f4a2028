"""What an endpoint's failures lead to, and how it comes back.

After a day without one success deliveries stop (`failing`); nothing is lost, events wait. From then on a test message
now and then finds out whether the receiver is back; then deliveries go on, slowly at first (`catchup`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from apps.events.services import pause_subscription, resume_subscription
from apps.events.transports import DestinationBusy
from apps.webhooks import catchup, policy, probe
from apps.webhooks.models import Delivery, WebhookEndpoint
from apps.webhooks.states import EndpointStatus
from rustok.telemetry.logging import log_event

_CLAIM_PROBE: Final = """
    UPDATE webhooks_endpoint SET probes = probes + 1, next_probe_at = statement_timestamp() + make_interval(secs => %s)
    WHERE id = %s AND status = 'failing' AND next_probe_at <= statement_timestamp() RETURNING 1
"""


def disable(endpoint: WebhookEndpoint, *, reason: str) -> None:
    """The receiver said that it is gone for good: stop sending until somebody activates the endpoint again."""
    current = _locked(endpoint)
    if current.status in (EndpointStatus.ACTIVE, EndpointStatus.FAILING):
        current.move_to(EndpointStatus.DISABLED, reason=reason)
        pause_subscription(subscription_id=current.subscription_id)
        log_event("webhook.disabled", level=logging.WARNING, endpoint=str(endpoint.pk), reason=reason)


def learn(endpoint: WebhookEndpoint, results: Sequence[bool]) -> None:
    """Note what a turn's attempts say about the endpoint; no statement when all is well and was so before.

    Runs inside the transaction that moves the cursor.
    """
    changes: dict[str, Any] = {}
    if any(results):
        if endpoint.failing_since is not None:
            changes["failing_since"] = None
    elif endpoint.failing_since is None:
        changes["failing_since"] = timezone.now()
    if endpoint.catchup_rate is not None:
        changes["catchup_rate"] = catchup.next_rate(endpoint.catchup_rate, good=all(results))
    if changes:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(**changes)
    if not any(results) and _is_hopeless(endpoint):
        _give_up(endpoint)


def hold_back(endpoint: WebhookEndpoint) -> None:
    """Let a failing endpoint's turn pass only as a probe; raises DestinationBusy in any case.

    Not inside a transaction: the test message is sent here, by the one turn that claims the probe.
    """
    if not _claims_probe(endpoint):
        left = (endpoint.next_probe_at - timezone.now()).total_seconds() if endpoint.next_probe_at else 0.0
        raise DestinationBusy(max(1.0, left))
    result = probe.ping(endpoint)
    if not result.succeeded:
        log_event("webhook.probe_failed", endpoint=str(endpoint.pk), reason=result.error)
        raise DestinationBusy(policy.probe_backoff(endpoint.probes))
    recover(endpoint)
    raise DestinationBusy(0.0)


def recover(endpoint: WebhookEndpoint) -> None:
    """The receiver answers again: go on with what waited, slowly at first."""
    with transaction.atomic():
        current = _locked(endpoint)
        if current.status != EndpointStatus.FAILING:
            return
        current.move_to(EndpointStatus.ACTIVE)
        begin_again(current)
        resume_subscription(subscription_id=current.subscription_id)
    log_event("webhook.recovered", endpoint=str(endpoint.pk))


def begin_again(endpoint: WebhookEndpoint) -> None:
    """Forget the failures and catch up slowly. The caller holds the row lock."""
    endpoint.failing_since = endpoint.next_probe_at = endpoint.catchup_next_at = None
    endpoint.probes, endpoint.catchup_rate = 0, policy.CATCHUP_RATE
    endpoint.save(update_fields=["failing_since", "next_probe_at", "catchup_next_at", "probes", "catchup_rate"])


def _is_hopeless(endpoint: WebhookEndpoint) -> bool:
    since = endpoint.failing_since
    if since is None or timezone.now() - since < timedelta(seconds=policy.DISABLE_AFTER):
        return False
    tried = Delivery.objects.filter(endpoint_id=endpoint.pk, attempted_at__gte=since).order_by("-id")
    return tried[: policy.DISABLE_ATTEMPTS].count() >= policy.DISABLE_ATTEMPTS


def _give_up(endpoint: WebhookEndpoint) -> None:
    """The subscription stays awake: its turns are the clock of the probes."""
    current = _locked(endpoint)
    if current.status != EndpointStatus.ACTIVE:
        return
    hours = round(policy.DISABLE_AFTER / 3600)
    current.probes = 0
    current.next_probe_at = timezone.now() + timedelta(seconds=policy.probe_backoff(0))
    current.move_to(EndpointStatus.FAILING, reason=f"no delivery succeeded for {hours} hours")
    current.save(update_fields=["probes", "next_probe_at"])
    log_event("webhook.given_up", level=logging.WARNING, endpoint=str(endpoint.pk))


def _claims_probe(endpoint: WebhookEndpoint) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_PROBE, [policy.probe_backoff(endpoint.probes + 1), endpoint.pk])
        return cursor.fetchone() is not None


def _locked(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    # No key: the delivery log's rows of this turn, and of another one beside it, hold the key by now (a deadlock).
    return WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
