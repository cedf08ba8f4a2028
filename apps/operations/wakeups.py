"""The relay's clockwork in the shared tables: who waits, who holds the lease, when is the next turn.

Every function costs one statement and runs in the caller's transaction; tables are named with their schema, so that the
relay's two questions (`waiting`, `claim`) need no scope.
Times are the database's statement time: clocks of workers do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.operations.models.wakeups import PLATFORM
from rustok.db.shared import shared_rows

WAKEUPS: Final = "public.operations_wakeup"
DUES: Final = "public.operations_due"

__all__ = [
    "DUES",
    "PLATFORM",
    "WAKEUPS",
    "Lease",
    "LeaseLost",
    "NextTurn",
    "claim",
    "enrol",
    "forget",
    "make_due",
    "release",
    "renew",
    "waiting",
]


class LeaseLost(Exception):
    """Another turn took the partition over (ours was too slow): roll back, somebody else does the work again."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to one turn on one partition. `fence` grows with every claim; `signal` counts arrivals at the claim."""

    due_id: UUID
    tenant_id: UUID
    subscription_id: UUID
    partition: int
    fence: int
    signal: int
    failures: int = 0
    pauses: int = 0


@dataclass(frozen=True, slots=True)
class NextTurn:
    """How a turn leaves its partition. Delays are in seconds from now; None means no such reason to come back.

    `alone`: the pause is this partition's own affair, the subscription's others go on.
    """

    more: bool = False
    retry_in: float | None = None
    pause: float | None = None
    alone: bool = False
    failures: int = 0
    pauses: int = 0


_WAITING: Final = f"""
    SELECT tenant_id, array_agg(id) FROM (
        SELECT id, tenant_id FROM {WAKEUPS}
        WHERE (%(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s::uuid) AND tenant_id <> ALL (%(without)s::uuid[])
        ORDER BY id LIMIT %(limit)s
    ) oldest GROUP BY tenant_id ORDER BY min(id::text)
"""  # noqa: S608 - table names are constants of this module
# Beside a flood, which alone makes that statement's whole answer. Reads every mark there is.
_OTHERS: Final = f"""
    SELECT tenant_id, (array_agg(id))[1:%(limit)s] FROM {WAKEUPS}
    WHERE tenant_id <> ALL (%(without)s::uuid[]) GROUP BY tenant_id ORDER BY min(id::text)
"""  # noqa: S608 - as above
# Tenants take turns in the order of their ids: the first one after `after` that waits, else the first of all (that is
# looked for only when there is no other). Inside a tenant, the partition that has waited longest.
_CHOICE: Final = f"""
    SELECT id FROM {DUES}
    WHERE due_at <= statement_timestamp() AND (lease_until IS NULL OR lease_until < statement_timestamp())
      AND (%(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s::uuid) AND tenant_id {{side}} %(after)s::uuid
      AND subscription_id <> ALL (%(without)s::uuid[])
    ORDER BY tenant_id, due_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - table names are constants of this module
_CLAIM: Final = f"""
    UPDATE {DUES} SET fence = fence + 1, lease_until = statement_timestamp() + make_interval(secs => %(seconds)s)
    WHERE id = coalesce(({_CHOICE.format(side=">")}), ({_CHOICE.format(side="<=")}))
    RETURNING id, tenant_id, subscription_id, partition, fence, signal, failures, pauses
"""  # noqa: S608 - table names are constants of this module
_RENEW: Final = f"""
    UPDATE {DUES} SET lease_until = statement_timestamp() + make_interval(secs => %(seconds)s)
    WHERE id = %(id)s AND fence = %(fence)s RETURNING 1
"""  # noqa: S608 - as above

# An arrival during the turn (signal moved) or more backlog: due at once, at the back of the queue. Otherwise the
# earlier of the retry and nothing. A pause wins over both, and its end is a due time of its own.
_RELEASE: Final = f"""
    WITH released AS (UPDATE {DUES} SET
        lease_until = NULL,
        not_before = statement_timestamp() + make_interval(secs => %(pause)s),
        due_at = CASE
            WHEN %(pause)s::float8 IS NOT NULL THEN statement_timestamp() + make_interval(secs => %(pause)s)
            WHEN %(more)s OR signal <> %(signal)s THEN clock_timestamp()
            ELSE statement_timestamp() + make_interval(secs => %(retry)s)
        END,
        failures = %(failures)s,
        pauses = %(pauses)s
    WHERE id = %(id)s AND fence = %(fence)s RETURNING 1
    ) {{also}} SELECT count(*) FROM released
"""  # noqa: S608 - as above
# One destination behind several partitions: when one turn finds it failing, the others need not find out as well.
# Rows that somebody else holds are left out: numbering locks several of them too, and waiting for it would deadlock.
_PAUSE_SIBLINGS: Final = f"""
    UPDATE {DUES} SET not_before = until, due_at = until
    FROM (SELECT statement_timestamp() + make_interval(secs => %(pause)s * 1.5) AS until) pause
    WHERE id IN (
        SELECT id FROM {DUES}
        WHERE tenant_id = %(tenant)s AND subscription_id = %(subscription)s AND id <> %(id)s
          AND due_at < statement_timestamp() + make_interval(secs => %(pause)s * 1.5)
          AND (lease_until IS NULL OR lease_until < statement_timestamp())
        FOR UPDATE SKIP LOCKED
    )
"""  # noqa: S608 - as above
_MAKE_DUE: Final = f"""
    UPDATE {DUES} SET due_at = statement_timestamp(), not_before = NULL, pauses = 0, failures = 0, signal = signal + 1,
        fence = fence + %(take_over)s::boolean::int,
        lease_until = CASE WHEN %(take_over)s THEN NULL ELSE lease_until END
    WHERE tenant_id = %(tenant)s AND (%(ids)s::uuid[] IS NULL OR subscription_id = ANY (%(ids)s::uuid[]))
"""  # noqa: S608 - as above


def waiting(
    *, limit: int = 10_000, tenant_id: UUID | None = None, without: Sequence[UUID] = ()
) -> list[tuple[UUID, list[UUID]]]:
    """The tenants (or the one named, none `without`) that left wake-ups, oldest first, each with the ids read.

    Whoever does the work deletes exactly these ids in the transaction that did it (trap 55). One statement over the
    oldest `limit`, and when there are so many, one more for the tenants that are not among them.
    """
    facts = {"tenant": tenant_id, "without": list(without), "limit": limit}
    found = [(log, ids) for log, ids in shared_rows(_WAITING, facts)]
    if tenant_id is None and sum(len(ids) for _log, ids in found) >= limit:
        facts["without"] = [*without, *(log for log, _ids in found)]
        found += [(log, ids) for log, ids in shared_rows(_OTHERS, facts)]
    return found


def claim(
    *, lease_seconds: float, tenant_id: UUID | None = None, after: UUID = PLATFORM, without: Sequence[UUID] = ()
) -> Lease | None:
    """Take a partition that is due (of one tenant, if named); None when nothing is.

    Of the tenants that wait, the one whose id follows `after` has its turn: who passes the tenant served last goes
    round all of them, so a tenant with a thousand due partitions delays another by one turn, and alone it gets every
    turn. Subscriptions in `without` are passed over. Parallel callers skip each other's rows. An expired lease is
    claimed again: its holder died or is too slow.
    """
    facts = {"seconds": lease_seconds, "tenant": tenant_id, "after": after, "without": list(without)}
    rows = shared_rows(_CLAIM, facts)
    return Lease(*rows[0]) if rows else None


def renew(lease: Lease, *, lease_seconds: float) -> None:
    """The holder's heartbeat: the lease lasts `lease_seconds` from now; raises LeaseLost when it is no longer ours."""
    if not shared_rows(_RENEW, {"seconds": lease_seconds, "id": lease.due_id, "fence": lease.fence}):
        raise LeaseLost


def release(lease: Lease, turn: NextTurn, *, also: str = "", parameters: Mapping[str, Any] | None = None) -> None:
    """Give the partition back. Last step of the turn's transaction; raises LeaseLost when it is no longer ours.

    `also` is a further part of the statement, `, name AS (…)`, with its parameters; it may ask whether `released` has
    a row. A pause puts off the subscription's other idle partitions too, unless it is `alone`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _RELEASE.format(also=also),
            {
                "pause": turn.pause,
                "more": turn.more,
                "signal": lease.signal,
                "retry": turn.retry_in,
                "failures": turn.failures,
                "pauses": turn.pauses,
                "id": lease.due_id,
                "fence": lease.fence,
                **(parameters or {}),
            },
        )
        if cursor.fetchone() != (1,):
            raise LeaseLost
        if turn.pause is not None and not turn.alone:
            cursor.execute(
                _PAUSE_SIBLINGS,
                {
                    "pause": turn.pause,
                    "tenant": lease.tenant_id,
                    "subscription": lease.subscription_id,
                    "id": lease.due_id,
                },
            )


def make_due(*, tenant_id: UUID, subscription_ids: Sequence[UUID] | None = None, take_over: bool = False) -> int:
    """Ask for a turn of every partition (of these subscriptions) at once, pauses lifted; returns how many.

    `take_over` also ends running turns: they lose their lease and commit nothing. For who moves cursors.
    """
    ids = None if subscription_ids is None else list(subscription_ids)
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_DUE, {"take_over": take_over, "tenant": tenant_id, "ids": ids})
        return int(cursor.rowcount)


def enrol(*, tenant_id: UUID, subscription_id: UUID, partitions: int) -> None:
    """Create the due rows of a new subscription, due at once; existing ones stay."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {DUES} (id, tenant_id, subscription_id, partition, due_at)"  # noqa: S608 - constant
            " SELECT gen_random_uuid(), %s, %s, p, statement_timestamp() FROM generate_series(0, %s) p"
            " ON CONFLICT (tenant_id, subscription_id, partition) DO NOTHING",
            [tenant_id, subscription_id, partitions - 1],
        )


def forget(*, tenant_id: UUID, subscription_id: UUID | None = None) -> None:
    """Drop the due rows of a subscription, or of a whole tenant together with its wake-ups."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {DUES} WHERE tenant_id = %s AND (%s::uuid IS NULL OR subscription_id = %s::uuid)",  # noqa: S608 - constant
            [tenant_id, subscription_id, subscription_id],
        )
        if subscription_id is None:
            cursor.execute(f"DELETE FROM {WAKEUPS} WHERE tenant_id = %s", [tenant_id])  # noqa: S608 - constant
