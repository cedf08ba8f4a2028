"""Rate-limit buckets in PostgreSQL: all buckets of a request in one call of one function, all or nothing.

The function locks the rows in the order of their keys, so that parallel requests neither deadlock nor slip past each
other. The algorithm is GCRA (ITU-T I.371): a bucket is one number, the theoretical arrival time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection

_TAKE: Final = "SELECT refused, arrivals, moment FROM public.operations_take(%s, %s, %s, %s)"
_PURGE: Final = """
DELETE FROM public.operations_ratebucket WHERE arrival < (extract(epoch FROM now()) * 1000000)::bigint - 60000000
"""


def take(
    keys: Sequence[str], costs: Sequence[int], depths: Sequence[int], *, now: int | None = None
) -> tuple[int, list[int], int]:
    """Charge every bucket its cost, or none; costs, depths and `now` are microseconds. One statement.

    Returns the index of the first bucket that refused (-1 for none), the arrival times after the call, and the moment
    that was used. `now` None means the database's clock.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [list(keys), list(costs), list(depths), now])
        refused, arrivals, moment = cursor.fetchone()
    return int(refused), [int(arrival) for arrival in arrivals], int(moment)


def purge_buckets() -> int:
    """Forget buckets that have been full for a minute; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_PURGE)
        return int(cursor.rowcount)
