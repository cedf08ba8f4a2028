"""What may be done to subscriptions and their dead letters. Runs in the scope of the log; callers audit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import QuerySet

from apps.events import enrolment, hints
from apps.events.logs import log_id
from apps.events.models import Cursor, DeadLetter, Subscription, SubscriptionStatus
from apps.events.patterns import like_patterns
from apps.events.queries import head
from apps.operations import wakeups
from rustok.db.transactions import UnitOfWork, transactional, unit_of_work
from rustok.errors.families import NotFound


@transactional
def subscribe(
    *,
    name: str,
    transport: str,
    target: str = "",
    event_types: Iterable[str] = (),
    partitions: int = 1,
    after: int | None = None,
) -> Subscription:
    """Create a subscription of the current log; idempotent by name.

    `event_types` as in `apps.events.patterns` (none: everything); `after` a position, None for "from now on".
    Raises UnreadableFilter.
    """
    return enrolment.enrol(
        tenant_id=log_id(),
        name=name,
        transport=transport,
        target=target,
        event_types=event_types,
        partitions=partitions,
        after=after,
    )


@transactional
def change_filter(*, subscription_id: UUID, event_types: Iterable[str]) -> None:
    """Want other facts from the next batch on. Raises UnreadableFilter, NotFound."""
    _change(subscription_id, patterns=like_patterns(event_types))


@transactional
def pause_subscription(*, subscription_id: UUID) -> None:
    """Stop delivering; the cursor stays. Raises NotFound."""
    _change(subscription_id, status=SubscriptionStatus.PAUSED)


def resume_subscription(*, subscription_id: UUID) -> None:
    """Deliver again, at once, from where the cursor stayed. Raises NotFound."""
    with unit_of_work() as uow:
        _change(subscription_id, status=SubscriptionStatus.ACTIVE)
        wakeups.make_due(tenant_id=log_id(), subscription_ids=[subscription_id])
        _hint_after(uow)


@transactional
def unsubscribe(*, subscription_id: UUID) -> None:
    """Forget a subscription with its cursors, parked keys and dead letters; the log stays."""
    Subscription.objects.filter(pk=subscription_id).delete()
    wakeups.forget(tenant_id=log_id(), subscription_id=subscription_id)


def replay(*, subscription_id: UUID, after: int) -> None:
    """Deliver everything after position `after` again, in order; parked keys start afresh. Raises NotFound.

    Running turns lose their lease, so that none of them moves the cursor on over the replay.
    """
    with unit_of_work() as uow:
        if not Cursor.objects.filter(subscription_id=subscription_id).update(position=min(max(0, after), head())):
            raise NotFound(resource="subscription")
        Subscription.objects.get(pk=subscription_id).parked.all().delete()
        wakeups.make_due(tenant_id=log_id(), subscription_ids=[subscription_id], take_over=True)
        _hint_after(uow)


def redrive(*, letters: QuerySet[DeadLetter]) -> int:
    """Ask for one more try of these dead letters and return how many; what fails again stays dead.

    A redriven event arrives out of its stream's order: what came after it has been delivered long ago.
    """
    with unit_of_work() as uow:
        subscriptions: Sequence[UUID] = list(letters.values_list("subscription_id", flat=True).distinct())
        count = letters.update(redrive=True)
        wakeups.make_due(tenant_id=log_id(), subscription_ids=subscriptions)
        _hint_after(uow)
    return count


def wake(*, tenant_id: UUID) -> None:
    """Make every subscription of a log due, pauses lifted: for a tenant that is resumed, moved or restored."""
    with unit_of_work() as uow:
        wakeups.make_due(tenant_id=tenant_id)
        _hint_after(uow)


def forget_log(*, tenant_id: UUID) -> None:
    """Drop wake-ups and due times of a tenant that is deleted; undelivered events of a deleted tenant stay unsent."""
    wakeups.forget(tenant_id=tenant_id)


def _change(subscription_id: UUID, **values: object) -> None:
    if not Subscription.objects.filter(pk=subscription_id).update(**values):
        raise NotFound(resource="subscription")


def _hint_after(uow: UnitOfWork) -> None:
    uow.after_commit(hints.hint)
