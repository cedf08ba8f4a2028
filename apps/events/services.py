"""What may be done to subscriptions and dead letters. Runs in the scope of the log; callers audit, except redrives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from uuid import UUID

from apps.events import enrolment, hints, letters
from apps.events.letters import Chosen
from apps.events.logs import log_id
from apps.events.models import Cursor, Subscription, SubscriptionStatus
from apps.events.numbering import stand_still
from apps.events.patterns import like_patterns
from apps.events.queries import head
from apps.events.relay.reports import RelayReport
from apps.events.relay.rounds import number_waiting, serve_next
from apps.operations import wakeups
from rustok.audit import AuditEntry
from rustok.db.transactions import UnitOfWork, transactional, unit_of_work
from rustok.errors.families import NotFound
from rustok.telemetry import traced


@dataclass(frozen=True, slots=True)
class Redriven:
    """How many dead letters a redrive meant, and how many of them get their try."""

    matched: int
    redriven: int


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
    """Want other facts from the next batch on, none that were passed over before. Raises UnreadableFilter, NotFound."""
    patterns = like_patterns(event_types)
    if not enrolment.change_patterns(tenant_id=log_id(), subscription_id=subscription_id, patterns=patterns):
        raise NotFound(resource="subscription")


@transactional
def pause_subscription(*, subscription_id: UUID) -> None:
    """Stop delivering; the cursor stays. Raises NotFound."""
    _change(subscription_id, status=SubscriptionStatus.PAUSED)


def resume_subscription(*, subscription_id: UUID) -> None:
    """Deliver again, at once, from where the cursor stayed. Raises NotFound."""
    with unit_of_work() as uow:
        stand_still()
        _change(subscription_id, status=SubscriptionStatus.ACTIVE)
        wakeups.make_due(tenant_id=log_id(), subscription_ids=[subscription_id])
        _hint_after(uow)


@transactional
def close_subscription(*, subscription_id: UUID) -> None:
    """Want nothing from now on; what was refused before can still be redriven. Raises NotFound."""
    if not enrolment.change_patterns(tenant_id=log_id(), subscription_id=subscription_id, patterns=[]):
        raise NotFound(resource="subscription")


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
        wakeups.make_due(tenant_id=log_id(), subscription_ids=[subscription_id], take_over=True)
        if not Cursor.objects.filter(subscription_id=subscription_id).update(position=min(max(0, after), head())):
            raise NotFound(resource="subscription")
        Subscription.objects.get(pk=subscription_id).parked.all().delete()
        _hint_after(uow)


@traced("events.redrive")
def redrive(*, chosen: Chosen, per_second: float | None = None, dry_run: bool = False) -> Redriven:
    """One more try for the chosen dead letters, audited; a dry run only counts them. Raises NothingChosen.

    `per_second` spreads the tries over time (see `apps.events.letters.redrive`).
    """
    rows = chosen.rows()
    if dry_run:
        return Redriven(matched=rows.count(), redriven=0)
    with unit_of_work() as uow:
        count = letters.redrive(rows, per_second=per_second)
        facts = {name: str(value) for name, value in asdict(chosen).items() if value not in (None, False)}
        uow.audit(AuditEntry(action="event:redrive", target="dead_letters", details={"count": count, **facts}))
    return Redriven(matched=count, redriven=count)


def relay_once() -> None:
    """One round of the relay, here and now: number what waits and give one turn. What a worker proves its health by.

    Raises whatever keeps the relay from its work. May take as long as a turn, some seconds.
    """
    report = RelayReport()
    number_waiting(report=report)
    serve_next(report=report)


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
