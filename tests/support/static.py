"""The list of static files is made once per process, as in production, not once per test client.

Every `Client` builds the chain of middleware afresh, and WhiteNoise then looks at hundreds of files: 30-50 ms of CPU.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from whitenoise.middleware import WhiteNoiseMiddleware


@pytest.fixture(autouse=True, scope="session")
def static_files_once() -> Iterator[None]:
    """Let later instances take what the first one found below the same prefix; the files do not change meanwhile."""
    look = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, dict[str, object]] = {}

    def add_files_from_finders(middleware: WhiteNoiseMiddleware) -> None:
        if middleware.static_prefix not in found:
            look(middleware)
            found[middleware.static_prefix] = dict(middleware.files)
        middleware.files.update(found[middleware.static_prefix])

    WhiteNoiseMiddleware.add_files_from_finders = add_files_from_finders
    yield
    WhiteNoiseMiddleware.add_files_from_finders = look
