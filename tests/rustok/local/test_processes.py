"""Identity, leftovers and groups of real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rustok.local import processes
from rustok.local.processes import MARK, Identity


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        yield child
        child.kill()


def test_a_reused_pid_is_another_process(sleeper: subprocess.Popen[bytes]) -> None:
    real = Identity.of(sleeper.pid)
    assert real is not None
    assert real.alive
    assert not Identity(sleeper.pid, "0").alive


def test_a_signal_never_reaches_a_stranger(sleeper: subprocess.Popen[bytes]) -> None:
    Identity(sleeper.pid, "0").signal(signal.SIGKILL)
    assert sleeper.poll() is None


def test_a_zombie_is_dead(sleeper: subprocess.Popen[bytes]) -> None:
    identity = Identity.of(sleeper.pid)
    sleeper.kill()
    assert identity is not None
    assert processes.wait_until(lambda: not identity.alive, 5)


def test_a_record_of_a_dead_process_loads_as_none(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    identity = Identity.of(sleeper.pid)
    assert identity is not None
    processes.save(tmp_path / "record.json", identity)
    assert processes.load(tmp_path / "record.json") == identity
    processes.end(identity, signal.SIGTERM, 5)
    assert processes.load(tmp_path / "record.json") is None


def test_end_kills_what_ignores_the_first_signal() -> None:
    deaf = "import signal,sys,time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        identity = Identity.of(child.pid)
        assert identity is not None
        processes.end(identity, signal.SIGTERM, 0.2)
        assert not identity.alive


def test_leftovers_are_found_by_their_mark_and_by_their_folder(tmp_path: Path) -> None:
    command = ["sleep", "60"]
    with subprocess.Popen(command, env={**os.environ, MARK: str(tmp_path)}, cwd=tmp_path) as child:
        assert processes.wait_until(lambda: processes.marked(tmp_path) == [child.pid], 5)
        assert processes.working_in(tmp_path) == [child.pid]
        assert processes.marked(tmp_path / "other") == []
        processes.kill_all(lambda: processes.marked(tmp_path))
        child.wait()


def test_a_child_ends_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import os,subprocess,signal; from rustok.local.processes import die_with_parent as d;"
        "p=subprocess.Popen(['sleep','60'],preexec_fn=d(signal.SIGTERM)); print(p.pid,flush=True);"
        "os.kill(os.getpid(),9)"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=False)
    assert processes.wait_until(lambda: Identity.of(int(done.stdout)) is None, 5)
