"""Which days a dashboard shows."""

from datetime import UTC, date, datetime

import pytest

from apps.console.periods import Period, chosen

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "end"),
    [
        pytest.param(None, date(2026, 11, 22), id="nothing yet: up to today"),
        pytest.param(datetime(2026, 11, 20, tzinfo=UTC), date(2026, 11, 22), id="busy: up to today"),
        pytest.param(datetime(2017, 12, 24, 9, tzinfo=UTC), date(2017, 12, 24), id="history: up to its last day"),
    ],
)
def test_the_period_ends_where_something_happened(last, end):
    days = Period.ending(last=last, now=NOW, days=30).days

    assert days[-1] == end
    assert len(days) == 30


def test_days_without_a_value_count_as_zero():
    period = Period.ending(last=None, now=NOW, days=7)

    assert period.spread({date(2026, 11, 22): 5}) == [0, 0, 0, 0, 0, 0, 5]


@pytest.mark.parametrize(("asked", "days"), [("7", 7), ("365", 365), ("31", 30), ("x", 30), (None, 30), ("²", 30)])
def test_only_offered_periods_are_shown(asked, days):
    assert chosen(asked) == days
