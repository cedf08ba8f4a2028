"""Other processes of the platform that work on the test's database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from rustok.config import config

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """The address of the test's own database."""
    configured = urlsplit(config().database_url.get_secret_value())
    return urlunsplit(configured._replace(path="/" + connection.settings_dict["NAME"]))


@contextmanager
def python(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `python …` from the project's root with its output on a pipe; whatever happens, it is gone afterwards."""
    environment = os.environ | {"RUSTOK_DATABASE_URL": database_url()}
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
