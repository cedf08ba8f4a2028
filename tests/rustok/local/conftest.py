"""Real servers in a data directory of their own; nothing here touches the stack that the suite itself runs on."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rustok.local.layout import PROJECT, Layout
from rustok.local.stack import BROKER_URL, DATABASE_URL, REDIS_URL, Stack

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "data")
    made.create()
    return made


@pytest.fixture
def stack(layout: Layout) -> Iterator[Stack]:
    made = Stack(layout, {})
    yield made
    made.down()


@pytest.fixture
def environment(layout: Layout) -> dict[str, str]:
    """The environment of a shell that knows no server."""
    hidden = {DATABASE_URL, BROKER_URL, REDIS_URL}
    return {key: value for key, value in os.environ.items() if key not in hidden} | {
        "RUSTOK_DATA_DIR": str(layout.data)
    }


@pytest.fixture
def local(environment: dict[str, str], stack: Stack) -> Run:
    """Run `python -m rustok.local …`; `stack` ends what it leaves."""

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rustok.local", *words]
        return subprocess.run(
            command, env=environment | more, cwd=PROJECT, capture_output=True, text=True, timeout=90, check=False
        )

    return run
