"""`python -m rustok.local` as a person or make calls it."""

import json
import shlex
import signal
import subprocess
from collections.abc import Callable

import pytest

from rustok.local.__main__ import main
from rustok.local.layout import Layout
from rustok.local.stack import Stack

Run = Callable[..., subprocess.CompletedProcess[str]]
NO_SERVER = {"RUSTOK_DATABASE_URL": "x", "RUSTOK_BROKER_URL": "x", "RUSTOK_REDIS_URL": "x"}


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_exec_returns_the_code_of_its_command(local: Run, script: str, code: int) -> None:
    assert local("exec", "--", "sh", "-c", script, **NO_SERVER).returncode == code


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, layout: Layout, stack: Stack) -> Layout:
    """A shell that knows no server, in this process; `stack` ends what is left."""
    for name in NO_SERVER:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUSTOK_DATA_DIR", str(layout.data))
    return layout


def test_exec_uses_what_up_started(here: Layout, local: Run, capsys: pytest.CaptureFixture[str]) -> None:
    urls = json.loads(local("up", "--json").stdout)
    assert main(["up"]) == 0
    assert main(["exec", "--", "sh", "-c", f"test $RUSTOK_DATABASE_URL = '{urls['RUSTOK_DATABASE_URL']}'"]) == 0
    assert main(["status"]) == 0
    assert main(["down"]) == 0
    assert main(["status"]) == 1
    assert capsys.readouterr().out.count("not running") == 2


def test_exec_leaves_the_signal_handlers_as_they_were(here: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NO_SERVER.items():
        monkeypatch.setenv(name, value)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert main(["exec", "sh", "-c", "exit 3"]) == 3
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_exec_gives_the_urls_and_stops_what_it_started(local: Run, stack: Stack) -> None:
    done = local("exec", "--", "sh", "-c", "echo $RUSTOK_DATABASE_URL $RUSTOK_BROKER_URL $RUSTOK_REDIS_URL")
    assert [url.partition(":")[0] for url in done.stdout.split()] == ["postgresql", "redis", "redis"]
    assert not any(server.process for server in stack.servers)


def test_up_prints_a_shell_environment_and_status_agrees(local: Run) -> None:
    printed = dict(word.split("=", 1) for word in shlex.split(local("up").stdout) if "=" in word)
    facts = json.loads(local("status", "--json").stdout)
    assert printed["RUSTOK_DATABASE_URL"] == facts["postgres"]["url"]
    assert local("down").returncode == 0
    assert local("status").returncode == 1


@pytest.mark.parametrize("words", [["exec"], ["exec", "--", "/no/such/program"]])
def test_a_wrong_command_is_one_clear_line(local: Run, words: list[str]) -> None:
    done = local(*words, **NO_SERVER)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_a_data_directory_that_cannot_be_made_is_one_clear_line(local: Run) -> None:
    done = local("status", RUSTOK_DATA_DIR="/proc/nowhere")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
