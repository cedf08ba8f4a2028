"""Many things at once, on threads that close their database connection when they are done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def crowd(work: Callable[[int], T], *, pieces: int = 200, threads: int = 8) -> list[T]:
    """`work(0)` … `work(pieces - 1)` on so many threads; the results in order. The first error is raised."""

    def share(first: int) -> dict[int, T]:
        try:
            return {number: work(number) for number in range(first, pieces, threads)}
        finally:
            connection.close()

    results: dict[int, T] = {}
    with ThreadPoolExecutor(threads) as pool:
        for part in pool.map(share, range(threads)):
            results |= part
    return [results[number] for number in range(pieces)]
