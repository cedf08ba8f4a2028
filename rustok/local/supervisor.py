"""`make run`: bring the platform up, keep every part of it alive, take it down without leaving a process."""

import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from rustok.local import logs, plan, processes, surfaces
from rustok.local.errors import StackError
from rustok.local.layout import PROJECT, Layout, is_free
from rustok.local.service import Service, environment
from rustok.local.signals import handling
from rustok.local.stack import Stack

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, kill, the terminal closed
TICK = 0.2  # seconds between two looks at the children
READY_SECONDS = 120.0
STOP_SECONDS = 6.0
GIVE_UP_AFTER = 5  # quick deaths of a service before the platform was ever ready


class StopRequestedError(Exception):
    """Ctrl-C, SIGTERM or the end of the terminal."""


def say(line: str) -> None:
    """Show one line to the person at the terminal; a terminal that is gone is no reason to fail."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


class Supervisor:
    """The servers and services of one run."""

    def __init__(self, stack: Stack, settings: plan.Settings, extra: dict[str, str], work: plan.Plan) -> None:
        """Lay out the services of `work`; `extra` is their environment beyond ours."""
        self.stack = stack
        self.layout = stack.layout
        self.settings = settings
        self.plan = work
        self.environment = environment(self.layout.data, extra)
        self.services = [
            Service(name, command, self._measured(), self.layout.logs / f"{name}.log")
            for name, command in work.services.items()
        ]
        self.stop_requested = False
        self.was_ready = False
        self._server_due = 0.0
        self._last_cap = time.monotonic()

    def _measured(self) -> dict[str, str]:
        """The environment of a service; its numbers are gathered with those of the others."""
        return {**self.environment, "PROMETHEUS_MULTIPROC_DIR": str(self.layout.metrics)}

    def request_stop(self, _number: int, _frame: FrameType | None) -> None:
        """Signal handler: the next tick ends the run."""
        self.stop_requested = True

    def tick(self) -> None:
        """Look after everything once; StopRequestedError when the run shall end."""
        if self.stop_requested:
            raise StopRequestedError
        self._look_after_servers()
        for service in self.services:
            if line := service.tick():
                say(line)
            if service.failures >= GIVE_UP_AFTER and not self.was_ready:
                raise StackError(f"{service.name} does not stay up; the end of its log:\n{logs.tail(service.log)}")
        if time.monotonic() - self._last_cap > 30:
            self._last_cap = time.monotonic()
            for path in self.layout.logs.glob("*.log"):
                logs.cap(path)

    def _look_after_servers(self) -> None:
        for server in self.stack.servers:
            if server.process is None and time.monotonic() >= self._server_due:
                say(f"{server.name} is gone; starting it again (log: {server.log})")
                try:
                    self.stack.up()
                    self._tell_new_addresses()
                except StackError as error:
                    self._server_due = time.monotonic() + 2
                    say(str(error).splitlines()[0])

    def _tell_new_addresses(self) -> None:
        """Restart the services with new URLs when a server had to move to another port."""
        fresh = self.stack.urls()
        if fresh.items() <= self.environment.items():
            return
        self.environment.update(fresh)
        for service in self.services:
            service.environment.update(fresh)
            if service.pid is not None:
                service.finish()
                service.start(rotate=False)

    def wait_for(self, condition: Callable[[], bool], seconds: float | None = None) -> bool:
        """Supervise until `condition` holds; False when `seconds` are over."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not condition():
            if deadline is not None and time.monotonic() > deadline:
                return False
            self.tick()
            time.sleep(TICK)
        return True

    def perform(self, step: plan.Step) -> None:
        """Run a start-up step to its end, supervising the rest meanwhile; StackError when it fails."""
        say(f"{step.title} …")
        log = self.layout.logs / f"{step.name}.log"
        with logs.open_log(log, rotate=True) as output:
            sink = None if step.shown else output
            child = subprocess.Popen(
                step.command,
                env=self.environment,
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,  # Ctrl-C is ours to pass on
                preexec_fn=processes.die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no threads here; prctl only
            )
        try:
            self.wait_for(lambda: child.poll() is not None)
        finally:
            if child.poll() is None:
                child.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(3)
            processes.kill_group(child.pid)
            child.wait()
        if child.returncode != 0:
            shown = "" if step.shown else f"; the end of its log:\n{logs.tail(log)}"
            raise StackError(f"{step.title} failed with code {child.returncode}{shown}")

    def wait_for_pages(self, wanted: Sequence[surfaces.Surface]) -> None:
        """Wait until every page answers; StackError that names the one that does not."""
        port = self.settings.port
        if not self.wait_for(lambda: surfaces.silent(wanted, port) is None, READY_SECONDS):
            log = self.layout.logs / "web.log"
            missing = surfaces.silent(wanted, port)
            raise StackError(f"{missing} does not answer; the end of the web log:\n{logs.tail(log)}")

    def bring_up(self) -> None:
        """Migrate, start the services, load the demo data, wait for every surface, say ready."""
        for step in self.plan.before:
            self.perform(step)
        shutil.rmtree(self.layout.metrics, ignore_errors=True)  # counters begin at nothing, as after a restart
        self.layout.metrics.mkdir()
        for service in self.services:
            service.start()
        self.wait_for_pages([surfaces.Surface(self.settings.base_domain, path) for path in self.plan.platform_pages])
        for step in self.plan.after:
            self.perform(step)
        demo = self._demo()
        for shop in demo.get("tenants", ()):
            host = str(shop["url"]).split("//")[1].partition(":")[0]
            self.wait_for_pages(
                [surfaces.Surface(host, path, surfaces.OPEN_OR_SUSPENDED) for path in self.plan.tenant_pages]
            )
        self.was_ready = True
        self._announce(demo)

    def _demo(self) -> dict[str, Any]:
        try:
            facts = json.loads((self.layout.data / "demo.json").read_text())
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    def _announce(self, demo: dict[str, Any]) -> None:
        say(f"ready: {self.settings.url}")
        admin = demo.get("platform", {}).get("admin")
        if admin:
            say(f"console: {self.settings.url}/admin/  {admin['username']} / {admin['password']}")
        for shop in demo.get("tenants", ()):
            say(f"shop:    {shop['url']}/admin/  {shop['admin']['username']} / {shop['admin']['password']}")
        say(f"events arriving at the demo receiver: {self.settings.url}/demo/   (Ctrl-C stops everything)")

    def take_down(self) -> None:
        """Stop the services together, then whatever they left."""
        for service in self.services:
            service.ask_to_stop()
        processes.wait_until(lambda: all(service.stopped() for service in self.services), STOP_SECONDS)
        for service in self.services:
            service.finish()
        processes.kill_all(functools.partial(processes.marked, self.layout.data), seconds=2)


def run(stack: Stack, make_plan: Callable[[plan.Settings, Layout], plan.Plan] = plan.whole_platform) -> int:
    """Serve the platform until it is told to stop, then return 0; StackError when it does not come up."""
    settings = plan.Settings.from_environment()
    with stack.layout.lock("supervisor", wait=False) as alone:
        if not alone:
            raise StackError(
                f"already running with {stack.layout.data}; another needs its own RUSTOK_DATA_DIR and RUSTOK_PORT"
            )
        processes.kill_all(functools.partial(processes.marked, stack.layout.data))
        if not is_free(settings.port):
            raise StackError(f"port {settings.port} is taken by another program: set RUSTOK_PORT")
        os.chdir(PROJECT)
        say("starting PostgreSQL and Valkey …" if stack.servers else "using the servers named in the environment …")
        return _serve(stack, settings, make_plan(settings, stack.layout))


def _serve(stack: Stack, settings: plan.Settings, work: plan.Plan) -> int:
    stopped_early: list[int] = []
    with handling(lambda number, _frame: stopped_early.append(number), *ENDS), stack.in_use() as urls:
        supervisor = Supervisor(stack, settings, {**urls, **settings.environment()}, work)
        supervisor.stop_requested = bool(stopped_early)
        with handling(supervisor.request_stop, *ENDS):
            try:
                supervisor.bring_up()
                supervisor.wait_for(lambda: False)
            except StopRequestedError:
                say("\nstopping …")
            finally:
                supervisor.take_down()
    return 0
