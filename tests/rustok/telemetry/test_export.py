"""Spans leave by OTLP: all of them, from every kind of worker; and a collector that is ill is nobody's illness."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from celery import Celery

from rustok import context
from rustok.celery import app
from rustok.context import ExecutionContext, Trace
from rustok.telemetry import provider, span
from rustok.telemetry.propagation import headers_of
from rustok.telemetry.provider import Tracing
from tests.support.collector import collector

ROOT = Path(__file__).resolve().parents[3]
COUNT = 10
POOLS = {
    "prefork": ("-P", "prefork", "-c", "5", "--max-tasks-per-child", "1"),  # Celery looks for lost children every 5 s
    "threads": ("-P", "threads", "-c", "4"),
}


@pytest.fixture
def collected():
    with collector() as found:
        provider.configure(Tracing(endpoint=found.url))
        yield found
        provider.configure(None)


def work(name):
    with context.use(ExecutionContext(trace=Trace.new())), span(name):
        pass


def start_worker(pool, queue, endpoint):
    celery = (sys.executable, "-m", "celery", "-A", "tests.support.traced_tasks", "worker", "-l", "ERROR")
    environment = {
        **os.environ,
        "RUSTOK_ENVIRONMENT": "development",
        "RUSTOK_OTLP_ENDPOINT": endpoint,
        "RUSTOK_TRACE_BUFFER": "0",
        "RUSTOK_SERVICE_MODES": "false",
        "TRACED_QUEUE": queue,
        "DJANGO_SETTINGS_MODULE": "rustok.settings",
    }
    command = (*celery, *POOLS[pool], "--without-gossip", "--without-mingle", "--without-heartbeat", "-n", queue)
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("pool", POOLS)
def test_every_span_of_a_worker_arrives_in_the_trace_of_its_message(pool):
    queue, traces = f"traced-{pool}-{os.getpid()}", [Trace.new() for _number in range(COUNT)]
    sender = Celery(broker=app.conf.broker_url)
    with collector() as found:
        for number, trace in enumerate(traces):
            sender.send_task("tests.traced", kwargs={"number": number}, queue=queue, headers=headers_of(trace))
        worker = start_worker(pool, queue, found.url)
        try:
            spans = found.wait_for("run tests.traced", COUNT, seconds=60)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)

    links = {(span.trace_id.hex(), span.parent_span_id.hex()) for span in spans}
    assert links == {(trace.trace_id, trace.span_id) for trace in traces}
    assert len(found.named("inside")) == COUNT


def test_what_waits_is_sent_when_the_process_ends(collected):
    work("last words")
    provider.flush()

    assert [span.name for span in collected.spans] == ["last words"]
    assert collected.services == {"rustok"}


def test_a_child_sends_its_own_spans_and_leaves_those_of_its_parent(collected):
    work("parent")
    provider.flush()
    child = os.fork()
    if child == 0:
        work("child")
        provider.flush()
        os._exit(0)
    os.waitpid(child, 0)

    assert sorted(span.name for span in collected.spans) == ["child", "parent"]


@pytest.mark.parametrize("ill", ["down", "hangs"])
def test_an_ill_collector_costs_no_request_and_no_exit_more_than_its_bound(ill):
    hold = threading.Event()
    with collector(hold=hold) as found:
        provider.configure(Tracing(endpoint=found.url if ill == "hangs" else "http://127.0.0.1:9"))
        started = time.perf_counter()
        for number in range(500):
            work(f"work {number}")
        worked = time.perf_counter() - started
        started = time.perf_counter()
        provider.flush(0.5)
        flushed = time.perf_counter() - started
        provider.configure(None)

    assert worked < 3
    assert flushed < 1.5


@pytest.mark.parametrize(
    ("ours", "standard", "used"),
    [
        ("http://a:4318", {}, "http://a:4318/v1/traces"),
        ("http://a:4318/v1/traces", {}, "http://a:4318/v1/traces"),
        ("http://a/", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://b"}, "http://a/v1/traces"),
        ("", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://b:4318/"}, "http://b:4318/v1/traces"),
        ("", {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/x"}, "http://c/x"),
        ("", {}, ""),
    ],
)
def test_the_endpoint_is_ours_or_the_standard_one(monkeypatch, ours, standard, used):
    for name, value in standard.items():
        monkeypatch.setenv(name, value)

    assert provider.endpoint_of(Tracing(endpoint=ours)) == used
