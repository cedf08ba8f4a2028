"""A small projection in every log of the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.projections import Pokes, registered


@pytest.fixture
def pokes() -> Iterator[Pokes]:
    with registered(Pokes()) as projection:
        yield projection
