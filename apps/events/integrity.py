"""Whether a log is whole: positions dense from its first one, versions without gaps, streams in their order."""

from __future__ import annotations

from typing import Final

from django.db import connection

# Retention leaves single events behind up to its floor (`apps.events.retention`).
_FLOOR: Final = "coalesce((SELECT position FROM events_counter WHERE name = 'floor'), 0)"
_POSITIONS: Final = f"""
    SELECT count(*), coalesce(min(position), 0), coalesce(max(position), 0),
        coalesce((SELECT position FROM events_counter WHERE name = 'log'), 0)
    FROM events_event WHERE position > {_FLOOR}
"""  # noqa: S608 - constants only
_STREAMS: Final = f"""
    SELECT stream FROM (
        SELECT stream, version, position,
            lag(version) OVER stream_order AS version_before, lag(position) OVER stream_order AS position_before
        FROM events_event WHERE position > {_FLOOR}
        WINDOW stream_order AS (PARTITION BY stream ORDER BY version)
    ) steps
    WHERE version <> version_before + 1 OR position < position_before
    LIMIT 10
"""  # noqa: S608 - constants only


def defects() -> list[str]:
    """What is wrong with the log of the current scope; empty for a whole one. Two passes over the log.

    Retention may have removed the beginning of the log, so order and density count from the first position behind that.
    """
    found: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute(_POSITIONS)
        count, first, last, counter = cursor.fetchone()
        if count and count != last - first + 1:
            found.append(f"positions {first} to {last} hold {count} events")
        if last > counter or (count and last != counter):
            found.append(f"the last position is {last}, the counter says {counter}")
        cursor.execute(_STREAMS)
        found += [f"{stream} is out of order or has a gap" for (stream,) in cursor.fetchall()]
    return found
