"""Two real processes count into one directory; one scrape tells both, also when one of them is gone."""

import os
import subprocess
import sys

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from rustok.telemetry.gathering import SharedNames, gathered
from rustok.telemetry.metrics import REGISTRY

WORK = """
import sys
from rustok.telemetry import metrics
mine = int(sys.argv[1])
metrics.observe_request(method="GET", route="orders/", status=200, seconds=0.02, tenant="both")
for n in range(40):
    metrics.observe_request(method="GET", route="orders/", status=200, seconds=0.02, tenant=f"shop-{mine}-{n}")
metrics.observe_health(check="disk", status="pass" if mine else "fail", value=40 + mine)
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("metrics")


@pytest.fixture(scope="module")
def pair(place):
    """Both alive, in the order of their number."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(place)}
    begin = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": environment}
    both = [subprocess.Popen([sys.executable, "-c", WORK, str(n)], **begin) for n in range(2)]
    for process in both:
        assert process.stdout.readline() == b"ready\n"
    yield both
    for process in both:
        process.kill()
        process.communicate()


def scraped(place):
    text = generate_latest(gathered(place, REGISTRY)).decode()
    families = list(text_string_to_metric_families(text))
    samples = {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}
    return samples, {family.name: family.documentation for family in families}


def test_one_scrape_tells_all_processes_and_what_a_dead_one_counted(pair, place):
    alive, texts = scraped(place)
    requests = ("rustok_http_requests_total", "GET", "orders/", "2xx")

    assert alive[requests] == 82
    assert alive[("rustok_http_request_duration_seconds_count", "GET", "orders/")] == 82
    assert alive[("rustok_health_check_status", "disk")] == 0.0
    assert texts["rustok_http_requests"] == "Answered requests."

    pair[0].communicate(b"\n")
    for _scrape in range(2):
        after, _texts = scraped(place)
        assert after[requests] == 82
        assert after[("rustok_health_check_status", "disk")] == 1.0
    assert sorted(file.name for file in place.glob("counter_*")) == [f"counter_{pair[1].pid}.db", "counter_retired.db"]


def test_tenants_are_bounded_over_all_processes(pair, place):
    samples, _texts = scraped(place)
    tenants = {key[1]: value for key, value in samples.items() if key[0] == "rustok_tenant_requests_total"}

    assert len(tenants) == 26  # the other half of the labels is for busy ones
    assert tenants["both"] == 2
    assert sum(tenants.values()) == 82
    assert tenants["other"] == 82 - 2 - 24


def test_names_are_shared_and_bounded(tmp_path):
    one, other = SharedNames(tmp_path / "names"), SharedNames(tmp_path / "names")

    assert one.enter("a", 2) == {"a"}
    assert other.enter("b", 2) == {"a", "b"}
    assert one.enter("c", 2) == {"a", "b"}
