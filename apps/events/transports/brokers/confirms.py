"""Which of the messages that were just published have been confirmed: the ledger of RabbitMQ's publisher confirms.

The broker answers by delivery tag, in any order, one at a time or "all up to this one"
(https://www.rabbitmq.com/docs/confirms). What it has not answered is not confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from apps.events.transports import DELIVERED, Outcome, Refused

NACKED: Final = Refused(reason="the broker refused to confirm", destination=True)
SILENT: Final = Refused(reason="no confirmation in time", destination=True, hung=True)


class Confirms:
    """One channel's ledger. Tags count from 1 for the life of the channel; a batch begins after the last one given."""

    def __init__(self) -> None:
        """Nothing was published on the channel yet."""
        self._last = 0
        self._open: dict[int, str] = {}
        self._answers: dict[str, Outcome] = {}

    def published(self, message_id: str) -> None:
        """The next message went out."""
        self._last += 1
        self._open[self._last] = message_id

    def acked(self, tag: int, multiple: bool) -> None:
        """The broker has taken this one, or all up to it."""
        self._answer(tag, multiple, DELIVERED)

    def nacked(self, tag: int, multiple: bool) -> None:
        """The broker has not taken this one, or any up to it."""
        self._answer(tag, multiple, NACKED)

    def returned(self, message_id: str, reason: str) -> None:
        """No queue wanted the message; its confirmation, which follows, means nothing."""
        self._answers[message_id] = Refused(reason=reason, destination=True)

    @property
    def waiting(self) -> bool:
        """Whether messages are still unanswered."""
        return bool(self._open)

    def settle(self, message_ids: Sequence[str]) -> list[Outcome]:
        """The outcomes of a batch, in order; forgets it. Late answers to it change nothing any more."""
        outcomes = [self._answers.get(name, SILENT) for name in message_ids]
        self._open.clear()
        self._answers.clear()
        return outcomes

    def _answer(self, tag: int, multiple: bool, outcome: Outcome) -> None:
        tags = [open_tag for open_tag in self._open if open_tag <= tag] if multiple else [tag]
        for answered in tags:
            name = self._open.pop(answered, None)
            if name is not None:
                self._answers.setdefault(name, outcome)
