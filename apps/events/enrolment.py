"""Rows of a subscription: itself, a cursor per partition, a due time per partition. Also for subscribers in code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from apps.events.models import Cursor, Subscription
from apps.events.numbering import stand_still
from apps.events.patterns import like_patterns
from apps.events.transports.destinations import destinations
from apps.events.transports.relaying import NAME as BROKER
from apps.events.transports.subscribers import NAME as SUBSCRIBER
from apps.events.transports.subscribers import subscribers
from apps.operations import wakeups
from rustok.context import current
from rustok.transport_settings import PLATFORM

# A partition of an active subscription that is not due has everything that it wants, wherever its cursor was left. Its
# due row is locked before its cursor, as by a turn that ends.
_PASS: Final = f"""
    UPDATE events_cursor c SET position = %(head)s, moved_at = statement_timestamp()
    FROM events_subscription s, (
        SELECT partition FROM {wakeups.DUES}
        WHERE tenant_id = %(tenant)s AND subscription_id = %(subscription)s AND due_at IS NULL AND lease_until IS NULL
        FOR UPDATE
    ) idle
    WHERE s.id = %(subscription)s AND s.status = 'active' AND c.subscription_id = s.id AND c.partition = idle.partition
        AND c.position < %(head)s
"""  # noqa: S608 - constants only

# Logs in which this process has seen the rows of these subscribers. Only ever saves statements.
_seen: dict[UUID, frozenset[str]] = {}


def enrol(
    *,
    tenant_id: UUID,
    name: str,
    transport: str,
    target: str,
    event_types: Iterable[str],
    partitions: int = 1,
    after: int | None = None,
) -> Subscription:
    """Create a subscription that starts after position `after` (None: after the last one given); idempotent by name.

    Raises UnreadableFilter. Two parallel calls make one subscription. Runs in the scope of the log.
    """
    patterns = like_patterns(event_types)
    with transaction.atomic():
        subscription, created = Subscription.objects.get_or_create(
            name=name,
            defaults={"transport": transport, "target": target, "patterns": patterns, "partitions": partitions},
        )
        if created:
            last = stand_still()
            start = last if after is None else min(after, last)
            Cursor.objects.bulk_create(
                Cursor(subscription=subscription, partition=partition, position=start)
                for partition in range(partitions)
            )
            wakeups.enrol(tenant_id=tenant_id, subscription_id=subscription.pk, partitions=partitions)
    return subscription


def change_patterns(*, tenant_id: UUID, subscription_id: UUID, patterns: list[str]) -> bool:
    """Want other facts from now on, none of the past that was passed over; False when there is no such subscription.

    What waits (behind a cursor that is due or paused) is looked through with the new patterns.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PASS, {"head": stand_still(), "tenant": tenant_id, "subscription": subscription_id})
        return bool(Subscription.objects.filter(pk=subscription_id).update(patterns=patterns))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A subscription that a log has because the code or the configuration says so; its filter follows them.

    From the log's first event on, or (`from_now`) from those after its enrolment. `tenants_only`: the platform's own
    log does without it.
    """

    name: str
    transport: str
    target: str
    event_types: tuple[str, ...]
    partitions: int = 1
    tenants_only: bool = False
    from_now: bool = False


_sources: list[Callable[[], Iterable[Standing]]] = []


def stand(source: Callable[[], Iterable[Standing]]) -> None:
    """Have the subscriptions that `source` names at the time in every log; called when an app starts."""
    if source not in _sources:
        _sources.append(source)


def ensure_subscribers(*, tenant_id: UUID) -> None:
    """Enrol every standing subscription of this code base in the log of the current scope, from its beginning.

    Costs nothing once this process has seen them, one statement per subscription the first time.
    """
    known = [one for source in _sources for one in source() if tenant_id != wakeups.PLATFORM or not one.tenants_only]
    names = frozenset(one.name for one in known)
    if _seen.get(tenant_id, frozenset()) >= names:
        return
    for one in known:
        subscription = enrol(
            tenant_id=tenant_id,
            name=one.name,
            transport=one.transport,
            target=one.target,
            event_types=one.event_types,
            partitions=one.partitions,
            after=None if one.from_now else 0,
        )
        if subscription.patterns != (patterns := like_patterns(one.event_types)):
            change_patterns(tenant_id=tenant_id, subscription_id=subscription.pk, patterns=patterns)
    _seen[tenant_id] = names


def _subscribers() -> Iterable[Standing]:
    for subscriber in subscribers():
        yield Standing(
            name=f"{SUBSCRIBER}:{subscriber.name}",
            transport=SUBSCRIBER,
            target=subscriber.name,
            event_types=subscriber.event_types,
            partitions=subscriber.partitions,
        )


stand(_subscribers)


def forget_seen() -> None:
    """Look again; for tests that roll the rows back."""
    _seen.clear()


def _brokers() -> Iterable[Standing]:
    """The configured brokers that want the log of the current scope."""
    tenant = current().tenant
    for destination in destinations():
        wanted = destination.settings
        if wanted.wants(tenant.slug if tenant else PLATFORM):
            yield Standing(
                name=f"{BROKER}:{destination.name}",
                transport=BROKER,
                target=destination.name,
                event_types=wanted.event_types,
                partitions=wanted.cursors,
                from_now=wanted.start == "now",
            )


stand(_brokers)
