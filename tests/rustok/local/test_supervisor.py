"""The supervisor on real servers: what dies comes back, what it started goes with it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rustok.local.errors import StackError
from rustok.local.layout import PROJECT, Layout, free_port, is_free
from rustok.local.plan import Plan, Settings, Step
from rustok.local.processes import Identity, kill_all, marked, wait_until, working_in
from rustok.local.stack import Stack
from rustok.local.supervisor import StopRequestedError, Supervisor, run

HERE = Path(__file__).parent
NO_SERVERS = {f"RUSTOK_{name}_URL": "redis://elsewhere" for name in ("DATABASE", "BROKER", "REDIS")}


def supervise(layout: Layout, *, environ: dict[str, str] = NO_SERVERS, **plan: object) -> Supervisor:
    settings = Settings(free_port(), "localhost")
    services = {"web": (sys.executable, str(HERE / "tiny_web.py"), str(settings.port))}
    work = Plan(**{"services": services, "before": (), "after": ()} | plan)  # type: ignore[arg-type]
    return Supervisor(Stack(layout, environ), settings, {}, work)


@pytest.fixture
def platform(layout: Layout) -> Iterator[Supervisor]:
    made = supervise(layout)
    made.bring_up()
    yield made
    made.take_down()


def test_it_says_ready_once_with_the_address(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    platform = supervise(layout)
    platform.bring_up()
    platform.take_down()
    assert capsys.readouterr().out.count(f"ready: {platform.settings.url}\n") == 1


def test_a_killed_service_is_back(platform: Supervisor, capsys: pytest.CaptureFixture[str]) -> None:
    web = platform.services[0]
    old = web.pid
    os.kill(old or 0, signal.SIGKILL)
    assert platform.wait_for(lambda: web.pid not in (None, old), 5)
    assert "web was ended by SIGKILL" in capsys.readouterr().out


def test_a_request_to_stop_ends_the_next_look(platform: Supervisor) -> None:
    platform.request_stop(signal.SIGTERM, None)
    with pytest.raises(StopRequestedError):
        platform.tick()


def test_taking_down_ends_children_of_children(layout: Layout) -> None:
    made = supervise(layout, services={"family": ("sh", "-c", "sleep 300 & sleep 300")}, platform_pages=())
    made.bring_up()
    assert wait_until(lambda: len(marked(layout.data)) == 3, 5)
    made.take_down()
    assert marked(layout.data) == []


def test_a_killed_server_is_back_with_the_platform_up(stack: Stack) -> None:
    made = supervise(stack.layout, environ={}, platform_pages=())
    with made.stack.in_use():
        made.bring_up()
        for server in made.stack.servers:
            old = server.process
            os.kill(old.pid if old else 0, signal.SIGKILL)
            assert made.wait_for(
                lambda server=server, old=old: server.process not in (None, old) and server.ready(), 15
            )
        made.take_down()
    assert working_in(stack.layout.postgres) == []


def test_services_learn_the_new_port_of_a_server_that_had_to_move(stack: Stack) -> None:
    made = supervise(stack.layout, environ={})
    with made.stack.in_use() as urls:
        made.environment.update(urls)
        made.bring_up()
        web, port = made.services[0].pid, stack.layout.remembered_port("valkey")
        stack.servers[1].stop()
        with socket.create_server(("127.0.0.1", port or 0)):
            made.tick()
        made.take_down()
    assert made.services[0].environment["RUSTOK_BROKER_URL"] != urls["RUSTOK_BROKER_URL"]
    assert web != made.services[0].pid


def test_a_failing_step_shows_its_log(layout: Layout) -> None:
    step = Step("migrate", "migrating", ("sh", "-c", "echo no such table; exit 3"))
    with pytest.raises(StackError, match=r"(?s)code 3.*no such table"):
        supervise(layout, before=(step,)).bring_up()


def test_a_service_that_never_stays_up_ends_the_start(layout: Layout) -> None:
    made = supervise(layout, services={"web": ("sh", "-c", "echo broken; exit 1")})
    with pytest.raises(StackError, match=r"(?s)web does not stay up.*broken"):
        made.bring_up()


def test_run_serves_until_a_signal_comes(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("RUSTOK_PORT", str(port))
    seen = layout.data / "seen"
    ending = Step("end", "ending", ("sh", "-c", f"touch {seen}; kill -TERM $PPID"))
    services = {"web": (sys.executable, str(HERE / "tiny_web.py"), str(port))}
    assert run(Stack(layout, NO_SERVERS), lambda _settings, _layout: Plan(services, before=(), after=(ending,))) == 0
    assert seen.exists()
    assert is_free(port)


def test_run_names_the_setting_when_its_port_is_taken(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("RUSTOK_PORT", str(other.getsockname()[1]))
        with pytest.raises(StackError, match="RUSTOK_PORT"):
            run(Stack(layout, NO_SERVERS))


def start(environment: dict[str, str], port: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / "tiny_platform.py")]
    more = {"RUSTOK_PORT": str(port), "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(
        command, env=environment | more, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def lines_until_ready(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("ready:"):
            return lines
    raise AssertionError(lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_it_started(environment: dict[str, str], stack: Stack, number: int) -> None:
    port = free_port()
    with start(environment, port) as process:
        lines_until_ready(process)
        process.send_signal(number)
        assert process.wait(15) == 0
    assert marked(stack.layout.data) == working_in(stack.layout.postgres) == []
    assert [server.process for server in stack.servers] == [None, None]


def test_after_sigkill_of_everything_the_next_run_just_works(environment: dict[str, str], stack: Stack) -> None:
    port = free_port()
    with start(environment, port) as first:
        lines_until_ready(first)
        doomed = [*marked(stack.layout.data), *working_in(stack.layout.postgres)]
        for pid in (first.pid, *doomed):
            os.kill(pid, signal.SIGKILL)
    with start(environment, port) as second:
        lines_until_ready(second)
        second.terminate()
        assert second.wait(15) == 0


def test_services_end_with_a_killed_supervisor(environment: dict[str, str], stack: Stack) -> None:
    port = free_port()
    with start(environment, port) as process:
        lines_until_ready(process)
        process.kill()
    assert wait_until(lambda: is_free(port), 5)
    kill_all(lambda: marked(stack.layout.data))  # as the next start does with what ignores its parent's end


def test_a_second_run_of_the_same_data_directory_is_refused(environment: dict[str, str], stack: Stack) -> None:
    port = free_port()
    with start(environment, port) as process:
        lines_until_ready(process)
        with start(environment, free_port()) as second:
            assert second.wait(15) != 0
        assert Identity.of(process.pid)
        process.terminate()
