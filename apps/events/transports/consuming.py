"""Reading a broker's topic so that each event has its effect once, in order, and a poisoned one stops nobody for long.

    consumer = Consumer(broker, group="billing", handle=book)
    consumer.step(partition=0)

The effect and the inbox entry are one transaction of the current scope; the broker is told afterwards. A crash between
the two brings the message back, and the inbox recognises it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from apps.events import inbox
from apps.events.transports.brokers import Broker, Received
from rustok.context import amended
from rustok.errors import DomainError
from rustok.telemetry.logging import log_event
from rustok.telemetry.tracing import Kind, continued, span

Handler = Callable[[Received], object]

ATTEMPTS: Final = 5


@dataclass(slots=True)
class Step:
    """What one step did. `waiting`: a message was refused and will be tried again, those behind it were not touched."""

    done: int = 0
    repeated: int = 0
    buried: int = 0
    waiting: bool = False


class Consumer:
    """One reader of a group. Use one per partition at a time, from one thread."""

    def __init__(self, broker: Broker, *, group: str, handle: Handler, attempts: int = ATTEMPTS) -> None:
        """`handle` raises to refuse; after `attempts` refusals the message becomes a dead letter."""
        self._broker = broker
        self._group = group
        self._handle = handle
        self._attempts = attempts
        self._held: dict[int, list[Received]] = {}
        self._refusals: dict[str, int] = {}

    def step(self, *, partition: int = 0, limit: int = 50, timeout: float = 1.0) -> Step:
        """Take the next messages and stop at the first refused one; its back-off is the caller's pause.

        Runs in the scope of the effect, outside any transaction. Raises BrokerDown.
        """
        messages = self._held.get(partition)
        messages = messages or list(self._broker.receive(self._group, partition, limit=limit, timeout=timeout))
        step = Step()
        settled: list[Received] = []
        for at, message in enumerate(messages):
            self._held[partition] = messages[at:]  # the next step begins here, whatever becomes of the broker
            if not self._take(message, step, timeout):
                step.waiting = True
                break
            settled.append(message)
        else:
            self._held.pop(partition, None)
        self._acknowledge(settled, timeout)
        return step

    def _take(self, message: Received, step: Step, timeout: float) -> bool:
        """Handle one message; False when it was refused and is still to be tried."""
        try:
            with (
                amended(trace=continued(message.headers)),
                span(f"process {self._group}", kind=Kind.CONSUMER, door=True),
            ):
                took = inbox.run_once(UUID(message.id), self._group, lambda: self._handle(message))
            if took:
                step.done += 1
            else:
                step.repeated += 1
        except Exception as error:  # noqa: BLE001 - a reaction's defect costs its own message, not the reader
            return self._refuse(message, step, error, timeout)
        self._refusals.pop(message.id, None)
        return True

    def _refuse(self, message: Received, step: Step, error: Exception, timeout: float) -> bool:
        count = self._refusals[message.id] = self._refusals.get(message.id, 0) + 1
        if count < self._attempts:
            return False
        reason = error.detail if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"
        self._broker.bury(message, group=self._group, reason=reason[:300], timeout=timeout)
        self._refusals.pop(message.id)
        step.buried += 1
        log_event("consumer.message_buried", group=self._group, event_id=message.id, reason=reason[:300])
        return True

    def _acknowledge(self, settled: Sequence[Received], timeout: float) -> None:
        if settled:
            self._broker.acknowledge(settled, group=self._group, timeout=timeout)
