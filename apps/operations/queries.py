"""What operators look at: modes, decisions, sick breakers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.operations.overrides import current_mode
from rustok.config import config
from rustok.resilience.circuit_breaker.core import Record
from rustok.resilience.degradation import Mode, controller
from rustok.resilience.dependencies import DEFAULTS, registry


@dataclass(frozen=True, slots=True)
class SickBreaker:
    """One breaker that is not simply closed. `until` is the end of its wait or of a person's decision."""

    key: str
    state: str
    forced: bool
    until: datetime | None
    reason: str
    decided_by: str


def mode_facts() -> dict[str, Any]:
    """The mode as this process sees it, what measurements say, and the decision that holds."""
    here, chosen = controller(), current_mode()
    mode = chosen.mode if chosen is not None else here.mode
    decision = None
    if chosen is not None:
        decision = {"until": moment(chosen.until), "decided_by": chosen.by, "reason": chosen.reason}
    return {
        "mode": mode.word,
        "decision": decision,
        "causes": [{"measurement": name, "asks_for": asked.word} for name, asked in sorted(here.causes().items())],
        "measurements": [
            {"measurement": name, "value": round(value, 4)} for name, value in sorted(here.values().items())
        ],
    }


def sick_breakers() -> list[SickBreaker]:
    """Every breaker of any process that is open, half open or held by a person; one round trip to the store."""
    records, now = registry().records.everything()
    return [_sick(key, record, now) for key, record in sorted(records.items())]


def dependencies() -> tuple[str, ...]:
    """The names of the configured dependencies."""
    return tuple(sorted({*DEFAULTS, *config().dependencies}))


def mode_now() -> Mode:
    """The mode of this process; from memory."""
    return controller().mode


def moment(seconds: float) -> datetime:
    """A store's time as a moment in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _sick(key: str, record: Record, now: float) -> SickBreaker:
    held = record.override if record.override is not None and now < record.override.until else None
    until = held.until if held is not None else record.until
    return SickBreaker(
        key=key,
        state=record.effective(now).value,
        forced=held is not None,
        until=moment(until) if until else None,
        reason=held.reason if held is not None else "",
        decided_by=held.by if held is not None else "",
    )
