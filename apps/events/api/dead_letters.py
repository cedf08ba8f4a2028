"""`/api/v1/events/dead-letters/`: what subscriptions could not take, and one more try for it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from pydantic import Field, StringConstraints

from apps.events import queries, services
from apps.events.api.schemas import Stream
from apps.events.letters import LEAST_PER_SECOND, MOST_PER_SECOND, Chosen
from rustok.api import Body, Call, Endpoint, Out, Page, PageQuery, Query, operation, paginate
from rustok.api.models import Count
from rustok.operations import Criticality

WireType = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[a-z0-9_.]+$")]
SubscriptionName = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[!-~]+$")]


class DeadLetterFilter(PageQuery):
    """Letters of one subscription, event type or stream."""

    subscription: SubscriptionName | None = None
    type: WireType | None = None
    stream: Stream | None = None


class DeadLetterOut(Out):
    """An event that a subscription could not take after all attempts."""

    id: UUID
    subscription: str
    event: UUID
    type: str
    stream: str
    position: int
    attempts: int
    reason: str
    redrive: bool = Field(description="Whether it waits for one more try.")
    died_at: datetime


class RedriveBody(Body):
    """Which letters: everything that is given must fit. Without a choice there are none, unless `all` is true."""

    ids: Annotated[list[UUID], Field(strict=False, max_length=1000)] | None = None
    type: WireType | None = None
    subscription: SubscriptionName | None = None
    from_position: Count | None = None
    to_position: Count | None = None
    all: bool = False
    per_second: float | None = Field(
        None, ge=LEAST_PER_SECOND, le=MOST_PER_SECOND, description="So many tries a second; default: all at once."
    )
    dry_run: bool = Field(default=False, description="Only count.")


class RedriveOut(Out):
    """How many letters were meant, and how many get their try."""

    matched: int
    redriven: int


class DeadLetterCollection(Endpoint):
    """The letters."""

    @operation(
        "dead_letters.list",
        permission="event:read",
        criticality=Criticality.LOW,
        query=DeadLetterFilter,
        answer=Page[DeadLetterOut],
        summary=_("List dead letters"),
    )
    def get(self, call: Call[None, DeadLetterFilter]) -> dict[str, Any]:
        """Newest first."""
        wanted = call.query
        found = queries.dead_letters(subscription=wanted.subscription, event_type=wanted.type)
        if wanted.stream is not None:
            found = found.filter(stream=wanted.stream)
        return paginate(found, call, to_dict=_out)


class DeadLetterRedrive(Endpoint):
    """One more try."""

    @operation(
        "dead_letters.redrive",
        permission="event:redrive",
        criticality=Criticality.NORMAL,
        body=RedriveBody,
        answer=RedriveOut,
        summary=_("Try dead letters again"),
    )
    def post(self, call: Call[RedriveBody, Query]) -> dict[str, Any]:
        """What fails again stays dead. Redriven events arrive out of their stream's order."""
        body = call.body
        choice = (body.ids, body.type, body.subscription, body.from_position, body.to_position)
        names_nothing = all(value is None for value in choice) and not body.all
        chosen = Chosen(
            ids=[] if names_nothing else body.ids,
            event_type=body.type,
            subscription=body.subscription,
            first=body.from_position,
            last=body.to_position,
            every=body.all,
        )
        done = services.redrive(chosen=chosen, per_second=body.per_second, dry_run=body.dry_run)
        return {"matched": done.matched, "redriven": done.redriven}


def _out(letter: Any) -> dict[str, Any]:
    plain = ("id", "type", "stream", "position", "attempts", "reason", "redrive", "died_at")
    row = {name: getattr(letter, name) for name in plain}
    return row | {"subscription": letter.subscription.name, "event": letter.event_id}
