"""The stretch of time that a dashboard looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.utils.formats import date_format

CHOICES: Final = (7, 30, 90, 365)
DEFAULT: Final = 30


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days (UTC): [since, until)."""

    since: datetime
    until: datetime

    @classmethod
    def ending(cls, *, last: datetime | None, now: datetime, days: int) -> Period:
        """`days` days up to today; up to the last deed when nothing happened lately (an imported history)."""
        end = now if last is None or now - last < timedelta(days=days) else last
        until = datetime.combine(end.astimezone(UTC).date() + timedelta(days=1), time.min, tzinfo=UTC)
        return cls(until - timedelta(days=days), until)

    @property
    def label(self) -> str:
        """The period in words: the first and the last day, the year once when it is the same."""
        first, last = self.days[0], self.days[-1]
        since = date_format(first, "j M" if first.year == last.year else "j M Y")
        return f"{since} – {date_format(last, 'j M Y')}"

    @property
    def days(self) -> list[date]:
        """Every day of the period."""
        count = (self.until - self.since).days
        return [(self.since + timedelta(days=n)).date() for n in range(count)]

    def spread(self, values: Mapping[date, float]) -> list[float]:
        """A value for every day; nothing happened means zero."""
        return [values.get(day, 0) for day in self.days]


def chosen(text: str | None) -> int:
    """The wished number of days, if it is one of the choices."""
    return int(text) if text in {str(choice) for choice in CHOICES} else DEFAULT
