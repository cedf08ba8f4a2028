"""`on_commit` callbacks run in rolled-back tests too, when the outermost block of the code under test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection


@pytest.fixture(autouse=True, scope="session")
def run_commit_hooks() -> Iterator[None]:
    """Treat the end of the outermost block below the test's own transaction as a commit."""
    release, register = connection.savepoint_commit, connection.on_commit

    def savepoint_commit(sid: str) -> None:
        release(sid)
        if _only_the_test_is_open():
            _run(connection)

    def on_commit(func: Callable[[], Any], robust: bool = False) -> None:
        register(func, robust=robust)
        if connection.in_atomic_block and _only_the_test_is_open():
            _run(connection)

    connection.savepoint_commit, connection.on_commit = savepoint_commit, on_commit
    yield
    connection.savepoint_commit, connection.on_commit = release, register


def _only_the_test_is_open() -> bool:
    blocks = connection.atomic_blocks
    return bool(blocks) and all(block._from_testcase for block in blocks)


def _run(database: Any) -> None:
    callbacks, database.run_on_commit = database.run_on_commit, []
    for _savepoints, func, robust in callbacks:
        try:
            func()
        except Exception:
            if not robust:
                raise
