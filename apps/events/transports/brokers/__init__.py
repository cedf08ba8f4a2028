"""What a message broker must be able to do for us, whatever its name: one protocol, one conformance suite.

A broker object is one connection to one topic, used by one thread at a time. It promises little, so that any broker
can keep it: `send` says for each message whether the broker has *confirmed* it (trap 11), and never says so otherwise.
Order is the caller's business (`apps.events.transports.waves`), because no broker refuses message 2 when it refused 1.

A topic has partitions (a key stays in its partition), consumer groups (each reads everything, in order, once) and a
dead-letter topic. Retention is the topic's, as in Kafka: what is older goes, read or not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import orjson

from apps.events.transports import Outcome

NAME_FORM: Final = r"^[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$"
_NAME: Final = re.compile(NAME_FORM)
WEEK: Final = 7 * 86_400.0
CONTENT_TYPE: Final = "application/cloudevents+json"


class BrokerDown(Exception):
    """The broker cannot be used now: unreachable, silent, closed, or it refuses us altogether. Carries one clause."""


class BrokerHung(BrokerDown):
    """The broker gave no answer in time; whether it has taken the messages is unknown."""


class NoPosition(Exception):
    """The text is no position of this broker. Carries one clause."""


def numbered(after: str) -> int:
    """The position of a broker that counts its messages; raises NoPosition."""
    if not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise NoPosition(f"{after!r} is no position of this broker: it counts 0, 1, 2 …")
    return int(after)


@dataclass(frozen=True, slots=True)
class Topology:
    """What must exist in the broker before the first message. `retention` in seconds.

    ValueError for a name outside NAME_FORM (lower-case letters, digits, `_`, `-`, inner dots) or no partition.
    """

    topic: str
    partitions: int = 1
    groups: tuple[str, ...] = ()
    retention: float = WEEK

    def __post_init__(self) -> None:
        """Refuse names that one of the brokers could not carry."""
        for name in (self.topic, *self.groups):
            if not _NAME.match(name) or len(name) > 100:
                raise ValueError(f"{name!r} cannot name a topic or a group: lower-case letters, digits, _ - and dots")
        if not 1 <= self.partitions <= 1000:
            raise ValueError("a topic has 1 to 1000 partitions")

    @property
    def dead(self) -> str:
        """The dead-letter topic."""
        return f"{self.topic}.dead"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One event ready to be sent: a CloudEvent in JSON (`body`) with the facts that brokers sort and filter by."""

    id: str
    key: str
    partition: int
    type: str
    origin: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """One message as a consumer gets it. `position` is the broker's own (text), `token` what acknowledges it."""

    id: str
    position: str
    partition: int
    headers: Mapping[str, str]
    body: bytes
    token: Any = field(default=None, compare=False, repr=False)

    @property
    def event(self) -> dict[str, Any]:
        """The CloudEvent, decoded afresh at each call."""
        decoded: dict[str, Any] = orjson.loads(self.body)
        return decoded


class Broker(Protocol):
    """One connection. Every call ends within about `timeout` seconds; BrokerDown (or BrokerHung) when it cannot.

    `atomic`: `send` stores all of its messages or none, so one key may occur more than once in a call.
    `largest`: bytes of the largest body that the broker takes.
    """

    atomic: bool
    largest: int

    def ensure(self, *, timeout: float) -> None:
        """Create topic, dead-letter topic and groups, or bring them up to date; idempotent, loses nothing."""

    def send(self, parcels: Sequence[Parcel], *, timeout: float) -> Sequence[Outcome]:
        """Publish and wait for the confirmations; one outcome per parcel, in order. Never raises BrokerDown."""

    def receive(self, group: str, partition: int, *, limit: int, timeout: float) -> Sequence[Received]:
        """The next messages of a group, in order. One reader per group and partition at a time.

        What a reader neither acknowledged nor buried comes back first after its connection was closed; after a crash
        when the broker notices (immediately, or within about 30 s).
        """

    def acknowledge(self, received: Sequence[Received], *, group: str, timeout: float) -> None:
        """The group has dealt with these; they do not come back to it. What it has settled before is left alone."""

    def bury(self, received: Received, *, group: str, reason: str, timeout: float) -> None:
        """Put the message into the dead-letter topic (confirmed), then acknowledge it."""

    def read(
        self, partition: int, *, after: str | None = None, since: datetime | None = None, limit: int, timeout: float
    ) -> Sequence[Received]:
        """Replay: messages after a position, or taken at or after a moment; the groups do not notice.

        Raises NoPosition for a text that is none.
        """

    def dead(self, *, limit: int, timeout: float) -> Sequence[Received]:
        """The oldest dead letters; header `reason` says why. They stay."""

    def ping(self, *, timeout: float) -> None:
        """One round trip that proves that the broker serves us."""

    def close(self) -> None:
        """Let go; never raises, never waits long."""
