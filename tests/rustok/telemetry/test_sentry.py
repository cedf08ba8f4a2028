"""Error reports: off without a DSN, quiet about refusals, silent about secrets."""

import gzip
import json
import logging
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from uuid import UUID

import pytest
import sentry_sdk
from celery.signals import before_task_publish
from kombu import Connection

from apps.events.tasks import relay
from rustok import context
from rustok.api.handlers import failure
from rustok.context import ExecutionContext, TenantRef, Trace
from rustok.errors.families import DatabaseUnavailable, NotFound
from rustok.telemetry import sentry, span
from tests.support.quiet import stop_reporting
from tests.support.spans import recording

ACME = TenantRef(id=UUID(int=1), slug="acme", name="Acme", schema="t_000000000001")


def hint_of(error):
    return {"exc_info": (type(error), error, None)}


def test_nothing_is_reported_without_a_dsn():
    assert sentry.configure(dsn="", environment="test") is False


def test_expected_refusals_are_not_reported():
    assert sentry.before_send({}, hint_of(NotFound(resource="order"))) is None


def test_our_own_faults_are_reported_with_the_tenant():
    with context.use(ExecutionContext(tenant=ACME, request_id="r-1")):
        event = sentry.before_send({"tags": {"a": "b"}}, hint_of(DatabaseUnavailable()))

    assert event["tags"].items() >= {"a": "b", "tenant": "acme", "request_id": "r-1"}.items()


def test_secrets_are_masked_at_any_depth():
    event = {"request": {"headers": [["Authorization", "Bearer abcdefgh"]], "data": {"password": "hunter2"}}}

    text = str(sentry.before_send(event, {}))

    assert "abcdefgh" not in text
    assert "hunter2" not in text


def test_queries_stay_here():
    request = {"url": "https://a.example/in?ticket=t1", "query_string": "code=c1&state=s1", "method": "GET"}
    crumb = {"data": {"url": "https://b.example/x?code=c1", "http.query": "code=c1", "reason": "why?"}}
    event = {"request": {**request, "headers": {"Referer": "https://a.example/?ticket=t1"}}, "breadcrumbs": [crumb]}

    assert (
        sentry.before_send(event, {}).items()
        >= {
            "request": {"url": "https://a.example/in", "method": "GET", "headers": {"Referer": "https://a.example/"}},
            "breadcrumbs": [{"data": {"url": "https://b.example/x", "reason": "why?"}}],
        }.items()
    )


@contextmanager
def before_publish(look):
    def told(headers=None, **_facts):
        look(headers)

    before_task_publish.connect(told, weak=False)
    try:
        yield
    finally:
        before_task_publish.disconnect(told)


class Inbox(BaseHTTPRequestHandler):
    """A Sentry server that keeps the items of the envelopes that it gets."""

    items: ClassVar[list[tuple[dict, dict]]] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        raw = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        lines = raw.splitlines()[1:]
        self.items += [
            (json.loads(head), json.loads(item)) for head, item in zip(lines[::2], lines[1::2], strict=False)
        ]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments):
        return


@pytest.fixture
def inbox():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Inbox)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    Inbox.items.clear()
    assert sentry.configure(dsn=f"http://key@127.0.0.1:{server.server_address[1]}/1", environment="test")
    yield Inbox.items
    stop_reporting()
    server.shutdown()
    server.server_close()


def test_an_error_arrives_with_its_tenant_and_trace_and_without_secrets(inbox):
    trace = Trace("a" * 32, "b" * 16)
    with context.use(ExecutionContext(tenant=ACME, trace=trace)), recording(), span("work"):
        try:
            raise ValueError("key rk_live_abcdefgh1234 at postgresql://rustok:s3cret@db/rustok")
        except ValueError:
            logging.getLogger("rustok").exception("failed with Bearer abcdefghijkl")
    sentry_sdk.flush(timeout=5)

    assert [head["type"] for head, _item in inbox] == ["event"]  # no transaction, no session: spans are OpenTelemetry's
    event = inbox[0][1]
    assert (event["tags"]["tenant"], event["contexts"]["trace"]["trace_id"]) == ("acme", "a" * 32)
    text = json.dumps(event)
    assert not [secret for secret in ("abcdefgh", "s3cret") if secret in text]


def test_a_defect_of_a_request_arrives(inbox, rf):
    try:
        raise RuntimeError("broken")
    except RuntimeError as error:
        failure(rf.get("/api/v1/x/"), error)
    sentry_sdk.flush(timeout=5)

    assert inbox[0][1]["exception"]["values"][0]["type"] == "RuntimeError"


def test_messages_carry_no_headers_of_sentry(inbox):
    with recording(), context.use(ExecutionContext(trace=Trace("a" * 32, "b" * 16))):
        sent = {}
        with before_publish(sent.update):
            relay.apply_async(connection=Connection("memory://"), retry=False)

    assert sent["traceparent"].startswith("00-" + "a" * 32)
    assert not [name for name in sent if "sentry" in name]
