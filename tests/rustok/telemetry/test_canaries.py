"""Secrets are put into requests like canaries into a mine: none of them may come out anywhere.

One request succeeds, one is refused, one breaks with all of them in its exception; a receiver of webhooks sends them
back. Log, answers, audit log, event log, delivery excerpt, error report and spans are searched as they leave.
"""

from __future__ import annotations

import base64
import gzip
import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
import sentry_sdk
from django.db import connection
from django.test import Client
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from apps.orders import services as orders
from apps.security.services import create_api_key
from apps.security.zero_trust.services import CreateSigningKey, create_signing_key
from apps.webhooks.probe import send_test
from apps.webhooks.services import create_endpoint
from rustok.telemetry import logging as telemetry_logging
from rustok.telemetry import provider, sentry
from rustok.telemetry.provider import Tracing
from tests.support.commerce import make_product
from tests.support.quiet import stop_reporting
from tests.support.receiver import Receiver, listening, receiver, status  # noqa: F401 - receiver is a fixture

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
MARK = "the kettle broke"
ORDERS = "/api/v1/orders/"


@dataclass
class Mine:
    """A shop with its secrets, and everything that leaves it."""

    client: Client
    canaries: dict[str, str]
    lines: io.BytesIO
    reports: Receiver
    spans: InMemorySpanExporter
    answers: list[str] = field(default_factory=list)

    def order(self, **more: Any) -> Any:
        """Place an order with every canary somewhere around it."""
        known = self.canaries
        headers = {
            "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
            "cookie": f"rustok_session={known['cookie']}; token={known['refresh token']}",
            "x-api-key": known["api key"],
            "x-card-number": known["card"],
            "webhook-secret": known["webhook secret"],
            "signing-secret": known["signing secret"],
            "x-password": known["password"],
        }
        body = {"currency": "USD", "lines": [{"sku": "TEA", "quantity": 1}]} | more
        answer = self.client.post(ORDERS, body, content_type="application/json", headers=headers)
        self.answers.append(answer.content.decode() + str(answer.headers))
        return answer

    def places(self) -> dict[str, str]:
        """What left, by place."""
        sentry_sdk.flush(5)
        envelopes = [gzip.decompress(got.body) for got in self.reports.got]
        return {
            "log": self.lines.getvalue().decode(),
            "answers": "\n".join(self.answers),
            "audit": rows("security_auditentry"),
            "events": rows("events_event"),
            "reports": b"\n".join(envelopes).decode(),
            "spans": "\n".join(span.to_json() for span in self.spans.get_finished_spans()),
        }


def rows(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t")
        return "\n".join(row for (row,) in cursor.fetchall())


@pytest.fixture
def lines() -> Iterator[io.BytesIO]:
    before, captured = telemetry_logging.stream(), io.BytesIO()
    telemetry_logging.configure(stream=captured)
    yield captured
    telemetry_logging.configure(stream=before)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider.configure(Tracing(), processors=[SimpleSpanProcessor(exporter)])
    yield exporter
    provider.configure(None)


@pytest.fixture
def reports() -> Iterator[Receiver]:
    """A place for error reports on this machine, and the SDK speaking to it."""
    with listening(Receiver(answer=lambda _got: status("200 OK", b"{}"))) as place:
        sentry.configure(dsn=f"http://key@127.0.0.1:{place.port}/1", environment="test")
        yield place
        stop_reporting()


@pytest.fixture
def mine(acme, context, client_of, lines, reports, spans) -> Mine:
    make_product("TEA", on_hand=10)
    key, signing = (
        create_api_key(name="till", permissions=["*:*"], context=context)[1],
        create_signing_key(input=CreateSigningKey(name="till", permissions=["order:read"]), context=context)[1],
    )
    canaries = {
        "api key": key,
        "password": secrets.token_hex(12),
        "webhook secret": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "signing secret": signing,
        "cookie": secrets.token_hex(16),
        "card": "4111 1111 1111 1111",
        "refresh token": f"rr_{secrets.token_hex(32)}",
    }
    client = client_of(acme, HTTP_AUTHORIZATION=f"Bearer {key}")
    return Mine(client, canaries, lines, reports, spans)


def found(mine: Mine, places: dict[str, str]) -> set[tuple[str, str]]:
    """Which canary came out where."""
    return {(place, name) for place, text in places.items() for name, secret in mine.canaries.items() if secret in text}


def test_no_secret_leaves_by_any_door(mine, monkeypatch):
    known = mine.canaries

    def broken(**_given: Any) -> None:
        told = {"password": known["password"], "client_secret": known["signing secret"], "cookie": known["cookie"]}
        url = f"https://till:{known['password']}@example.com/?access_token={known['refresh token']}"
        raise RuntimeError(
            f"{MARK}: {told} {orjson.dumps(told).decode()}\n{known['api key']} Bearer {known['api key']}\n"
            f"{known['webhook secret']} card {known['card']} {url}\n{known['refresh token']}"
        )

    assert mine.order().status_code == 201
    assert mine.order(password=known["password"], refreshToken=known["refresh token"]).status_code == 400
    monkeypatch.setattr(orders, "create_order", broken)
    assert mine.order().status_code == 500

    places = mine.places()
    assert found(mine, places) == set()
    assert {name for name, text in places.items() if MARK in text} == {"log", "reports"}
    assert all(places.values())


def test_a_receiver_that_sends_secrets_back_fills_no_excerpt_with_them(mine, receiver, context):  # noqa: F811 - fixture
    known = mine.canaries
    echo = orjson.dumps({MARK: 1, "password": known["password"], "refresh_token": known["refresh token"]})
    receiver.answer = lambda _got: status(
        "500 Oops", echo + known["api key"].encode() + known["webhook secret"].encode()
    )
    made = create_endpoint(url=receiver.url, secret=known["webhook secret"], context=context)

    result = send_test(endpoint_id=made.endpoint.pk, context=context)

    assert found(mine, mine.places() | {"excerpt": result.excerpt}) == set()
    assert MARK in result.excerpt


def test_log_line_answer_audit_entry_and_event_of_a_request_carry_one_trace_id(mine):
    placed = mine.order()
    refused = mine.order(lines=[{"sku": "COFFEE", "quantity": 1}])
    mine.client.defaults["HTTP_AUTHORIZATION"] = "Bearer rk_nobody"
    stranger = mine.order()

    assert placed["traceparent"].split("-")[1] == TRACE
    assert {refused.json()["trace_id"], stranger.json()["trace_id"]} == {TRACE}
    lines = [orjson.loads(line) for line in mine.lines.getvalue().splitlines()]
    finished = [line for line in lines if line["event"] == "request.finished"]
    assert [(line["status"], line["trace_id"]) for line in finished] == [(201, TRACE), (422, TRACE), (401, TRACE)]
    entries = [orjson.loads(row) for row in rows("security_auditentry").splitlines()]
    assert {entry["action"] for entry in entries if entry["trace_id"] == TRACE} == {"order:create", "request:refuse"}
    (event,) = [
        row for row in rows("events_event").splitlines() if placed.json()["id"] in row and "order_placed" in row
    ]
    assert f"00-{TRACE}-" in event
    assert TRACE in {f"{span.context.trace_id:032x}" for span in mine.spans.get_finished_spans()}
