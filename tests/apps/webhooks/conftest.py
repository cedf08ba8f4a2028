"""Fixtures of the webhooks' tests."""

from collections.abc import Iterator

import pytest

from apps.webhooks.sending import close_idle
from tests.support.receiver import receiver  # noqa: F401 - a fixture


@pytest.fixture(autouse=True)
def no_idle_connections() -> Iterator[None]:
    yield
    close_idle()
