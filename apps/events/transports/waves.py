"""In which portions a chunk may go to a broker that confirms each message by itself. Pure; the order's guarantee.

A broker may refuse one message and take the next. So a *wave* carries each aggregate at most once, and the next event
of an aggregate goes out only when the one before it was confirmed. What follows a refused event is held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from apps.events.transports import Outcome, Refused

HELD_BACK: Final = "an earlier event of the aggregate was not confirmed"
NOT_SENT: Final = Refused(reason="the time was up before it was sent", destination=True, hung=True)


class Waves:
    """The outcomes of one chunk, and which of its messages go out next.

    `atomic`: the broker stores all of a call or nothing, so that one wave is enough. `in_log_order`: a wave ends at the
    first aggregate that it has already, instead of reaching over it: keeps the whole chunk in order.
    """

    def __init__(self, streams: Sequence[str], *, atomic: bool = False, in_log_order: bool = False) -> None:
        """`streams` names the aggregate of each message, in order."""
        self._streams = streams
        self._atomic = atomic
        self._in_log_order = in_log_order
        self._outcomes: dict[int, Outcome] = {}
        self._stopped: dict[str, tuple[int, Refused]] = {}
        self._failure: Refused | None = None

    @property
    def failed(self) -> bool:
        """Whether the destination refused; no wave follows."""
        return self._failure is not None

    def refuse(self, index: int, refusal: Refused) -> None:
        """This message will not be sent at all."""
        self.settle([index], [refusal])

    def next(self) -> list[int]:
        """The messages that may go out together now; empty when there is nothing left to send."""
        if self._failure is not None:
            return []
        wave: list[int] = []
        seen: set[str] = set()
        for index, stream in enumerate(self._streams):
            if index in self._outcomes or self._is_held_back(index):
                continue
            if stream in seen and not self._atomic:
                if self._in_log_order:
                    break
                continue
            seen.add(stream)
            wave.append(index)
        return wave

    def _is_held_back(self, index: int) -> bool:
        """Whether an event of the aggregate before this one was refused."""
        stopped = self._stopped.get(self._streams[index])
        return stopped is not None and stopped[0] < index

    def settle(self, indices: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """What became of a wave. A refusal by the destination ends the chunk."""
        for index, outcome in zip(indices, outcomes, strict=True):
            self._outcomes[index] = outcome
            if isinstance(outcome, Refused):
                self._stop(index, outcome)
                if outcome.destination and self._failure is None:
                    self._failure = outcome

    def _stop(self, index: int, refusal: Refused) -> None:
        stream = self._streams[index]
        known = self._stopped.get(stream)
        if known is None or index < known[0]:
            self._stopped[stream] = (index, refusal)

    def close(self) -> list[Outcome]:
        """One outcome per message, in order; what never went out is refused."""
        return [self._outcomes.get(index) or self._why_not(index) for index in range(len(self._streams))]

    def _why_not(self, index: int) -> Refused:
        stopped = self._stopped.get(self._streams[index])
        if stopped is not None and self._failure is None:
            return replace(stopped[1], reason=HELD_BACK, permanent=False)
        return self._failure or NOT_SENT
