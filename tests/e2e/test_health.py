"""The health wall in a browser, and the numbers of the running platform as Prometheus' own tool sees them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from playwright.sync_api import expect

from tests.support.http import Client

TOOL = os.environ.get("PROMTOOL") or shutil.which("promtool") or ".tools/prometheus/usr/bin/promtool"


def test_the_wall_shows_checks_the_graph_and_their_past(console, platform):
    person = console(platform)
    person.visit("Health wall")

    expect(person.page.locator("[data-check=database]")).to_have_attribute("data-status", "pass")
    graph = person.page.get_by_role("img", name=re.compile("Dependency graph"))
    expect(graph).to_be_visible()
    person.page.get_by_text("Show as a table").click()
    expect(person.page.locator("[data-surface=webhooks]")).to_contain_text("relay")
    person.check()
    person.page.get_by_role("link", name="24 hours").click()
    expect(person.page.get_by_role("link", name="24 hours")).to_have_attribute("aria-current", "true")
    person.shoot("platform-health", whole=True)


def test_the_numbers_of_the_running_platform_are_clean(stack):
    with Client(port=stack.port, host="localhost") as client:
        answer = client.get("/metrics")
    assert answer.status == 200
    if os.environ.get("CI") or Path(TOOL).exists():  # .ci/run fetches it; elsewhere the numbers are looked at only
        judged = subprocess.run([TOOL, "check", "metrics"], input=answer.body, capture_output=True, check=False)
        assert (judged.returncode, judged.stdout + judged.stderr) == (0, b"")
    for name in (b"rustok_worker_heartbeats_total", b"rustok_events_numbered_total", b"rustok_http_requests_total"):
        assert name in answer.body
