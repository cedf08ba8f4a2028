"""The shop at work with its read models; what a process remembers of logs is forgotten around each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.events import enrolment


@pytest.fixture(autouse=True)
def fresh_logs() -> Iterator[None]:
    enrolment.forget_seen()
    yield
    enrolment.forget_seen()
