"""The log and its readers' state. One set of tables per tenant, one in the public schema for the platform's own facts.

Rows of `Event` are written by `apps.events.recorder`, numbered by `apps.events.numbering` and otherwise never changed:
triggers refuse it (migration 0002). Everything below `Subscription` belongs to the relay.
"""

from __future__ import annotations

from typing import ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from apps.events.fields import IdentityField
from rustok.db.ids import Entity

LOG: Final = "log"
FLOOR: Final = "floor"  # the counter's row that says up to where the log has been pruned


class Event(Entity):
    """One recorded fact. `position` is dense and given after commit; NULL until then."""

    seq = IdentityField()
    position = models.BigIntegerField(null=True, editable=False)
    stream = models.CharField(max_length=200, editable=False)
    version = models.IntegerField(editable=False)
    type = models.CharField(max_length=120, editable=False)
    schema_version = models.SmallIntegerField(editable=False)
    data = models.JSONField(editable=False)
    metadata = models.JSONField(editable=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        """Two orders: inside the stream by version, in the log by position."""

        db_table = "events_event"
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["stream", "version"], name="events_event_version_uq"),
            models.UniqueConstraint(
                fields=["position"], condition=models.Q(position__isnull=False), name="events_event_position_uq"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seq"], condition=models.Q(position__isnull=True), name="events_event_unnumbered_ix"),
        ]


class Counter(Entity):
    """The last position given in a log; its row lock makes numbering one step at a time."""

    name = models.CharField(max_length=20, unique=True)
    position = models.BigIntegerField(db_default=0)

    class Meta:
        """One row per log."""

        db_table = "events_counter"


class SubscriptionStatus(models.TextChoices):
    """Whether the relay serves a subscription."""

    ACTIVE = "active"
    PAUSED = "paused"


class Subscription(Entity):
    """A consumer: which facts it wants, through which transport, in how many parallel partitions.

    `patterns` are LIKE patterns over wire types (`apps.events.patterns`); `target` is the transport's own reference.
    """

    name = models.CharField(max_length=120, unique=True)
    transport = models.CharField(max_length=40)
    target = models.CharField(max_length=200, db_default="")
    patterns = ArrayField(models.CharField(max_length=200))
    partitions = models.SmallIntegerField(db_default=1)
    status = models.CharField(max_length=10, choices=SubscriptionStatus.choices, default=SubscriptionStatus.ACTIVE)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        """Few rows per tenant."""

        db_table = "events_subscription"


class Cursor(Entity):
    """How far one partition has come: everything up to `position` is delivered, parked or dead."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="cursors")
    partition = models.SmallIntegerField()
    position = models.BigIntegerField()
    moved_at = models.DateTimeField(db_default=Now())

    class Meta:
        """One row per partition."""

        db_table = "events_cursor"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subscription", "partition"], name="events_cursor_partition_uq")
        ]


class ParkedKey(Entity):
    """A stream whose event at `position` was refused: it waits with all its later events, the other streams go on."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="parked")
    partition = models.SmallIntegerField()
    stream = models.CharField(max_length=200)
    position = models.BigIntegerField()
    attempts = models.IntegerField()
    retry_at = models.DateTimeField()
    reason = models.CharField(max_length=500)
    parked_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Bounded by `apps.events.relay.policy.MAX_PARKED` per partition."""

        db_table = "events_parked"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subscription", "stream"], name="events_parked_stream_uq")
        ]


class DeadLetter(Entity):
    """An event that a subscription could not take after all attempts.

    `redrive` asks the relay for one more try, at once or from `redrive_at` on: a throttled redrive spreads its letters.
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="dead_letters")
    partition = models.SmallIntegerField()
    # no constraint: retention must ask the dead letters itself, and an insert here must not lock the log
    event = models.ForeignKey(Event, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    stream = models.CharField(max_length=200)
    type = models.CharField(max_length=120)
    position = models.BigIntegerField()
    attempts = models.IntegerField()
    reason = models.CharField(max_length=500)
    redrive = models.BooleanField(db_default=False)
    redrive_at = models.DateTimeField(null=True)
    died_at = models.DateTimeField(db_default=Now())

    class Meta:
        """One row per subscription and event; every turn asks for those that wait for another try."""

        db_table = "events_dead_letter"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subscription", "event"], name="events_dead_letter_event_uq")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["subscription", "partition"],
                condition=models.Q(redrive=True),
                name="events_dead_letter_redrive_ix",
            ),
        ]


class InboxEntry(Entity):
    """An event that a consumer has taken: what makes "at least once" an effect once (`apps.events.inbox`)."""

    consumer = models.CharField(max_length=120)
    event_id = models.UUIDField()
    taken_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Unique per consumer and event."""

        db_table = "events_inbox"
        constraints: ClassVar = [models.UniqueConstraint(fields=["consumer", "event_id"], name="events_inbox_event_uq")]


class Snapshot(Entity):
    """The state of one aggregate at a version of its stream: a cache, loaded only while `schema_hash` is today's.

    Written by `apps.events.aggregates.snapshots`. `position` is that of the version's event, if it has one yet.
    """

    stream = models.CharField(max_length=200, unique=True)
    version = models.IntegerField()
    position = models.BigIntegerField(null=True)
    schema_hash = models.CharField(max_length=64)
    state = models.JSONField()
    taken_at = models.DateTimeField(db_default=Now())

    class Meta:
        """One row per stream that was worth it."""

        db_table = "events_snapshot"
