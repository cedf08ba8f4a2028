"""`make run` in small, for the tests that need it as a process: one web server, one child of a child."""

import sys
from pathlib import Path

from rustok.local.layout import Layout
from rustok.local.plan import Plan, Settings, Step
from rustok.local.stack import Stack
from rustok.local.supervisor import run

WEB = str(Path(__file__).with_name("tiny_web.py"))


def tiny(settings: Settings, _layout: Layout) -> Plan:
    hello = Step("hello", "saying hello", ("sh", "-c", "echo hello"))
    family = ("sh", "-c", "sleep 300 & sleep 300")
    return Plan({"web": (sys.executable, WEB, str(settings.port)), "family": family}, before=(hello,), after=())


if __name__ == "__main__":
    sys.exit(run(Stack(Layout.from_environment()), tiny))
