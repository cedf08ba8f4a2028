"""Shared fixtures. The database is a copy of a prepared one; tenants are there before the first test asks."""

import gc
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
from django.conf import settings

from tests.support.commits import run_commit_hooks  # noqa: F401 - a fixture
from tests.support.database import django_db_setup  # noqa: F401 - replaces pytest-django's fixture of this name
from tests.support.isolation import fresh_caches  # noqa: F401 - a fixture
from tests.support.static import static_files_once  # noqa: F401 - a fixture
from tests.support.tenants import (  # noqa: F401 - fixtures
    acme,
    client_of,
    context,
    globex,
    live_acme,
    live_globex,
    mallory_context,
    platform,
)

# How long an example takes says how busy the machine is, and nothing about us.
hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("suite")
_flags = TemporaryDirectory(prefix="rustok-flags-")


def pytest_configure() -> None:
    """Leave sampling to the tests of it: threads that ask PostgreSQL would mix into everybody's statements."""
    settings.RUSTOK_HEALTH_SAMPLING = False
    settings.RUSTOK_FLAG_POLLING = False
    settings.RUSTOK_FLAG_DIR = Path(_flags.name)  # what tests know of flags is nothing for this machine's platform


def pytest_unconfigure() -> None:
    """Leave no files behind."""
    _flags.cleanup()


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never among what was imported and collected: 6 % of the CPU otherwise."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
