"""What wakes the relay: markers left by committing transactions, and the due time of every subscription's partition.

Both live in the public schema of the *same physical database* as the tenant's log, so that they commit with it. Written
by `apps.operations.wakeups` and by the statements of `apps.events`, never through the ORM.
"""

from __future__ import annotations

from typing import ClassVar, Final
from uuid import UUID

from django.db import models

from rustok.db.ids import Entity

# The platform has no tenant id: the nil UUID (RFC 9562 section 5.9) stands for it in the shared tables.
PLATFORM: Final = UUID(int=0)


class Wakeup(Entity):
    """A mark: the log of this tenant has rows without a position. One per writing transaction.

    Deleted by who numbers them, in the same transaction.
    """

    tenant_id = models.UUIDField(editable=False)

    class Meta:
        """Shared table."""

        db_table = "operations_wakeup"


class SubscriptionDue(Entity):
    """When one partition of one subscription wants a turn, who has it, and how its destination fares.

    `due_at` NULL: everything was delivered. `lease_until` and `fence`: a turn holds the lease; a turn whose fence is
    no longer the row's commits nothing. `signal` counts arrivals, so that a turn sees what came while it worked.
    `not_before`: the destination is paused. `failures`, `pauses`: consecutive refusals, and pauses because of them.
    """

    tenant_id = models.UUIDField(editable=False)
    subscription_id = models.UUIDField(editable=False)
    partition = models.SmallIntegerField(editable=False)
    due_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(db_default=0)
    signal = models.BigIntegerField(db_default=0)
    failures = models.IntegerField(db_default=0)
    pauses = models.IntegerField(db_default=0)

    class Meta:
        """Shared table; the partial index finds the next tenant's turn and keeps idle tenants out of its sight."""

        db_table = "operations_due"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "subscription_id", "partition"], name="operations_due_partition_uq"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "due_at"], condition=models.Q(due_at__isnull=False), name="operations_due_turn_ix"
            ),
        ]
