"""What a log line holds: the event, its facts, who and where; and what it never holds."""

import io
import logging
from uuid import UUID

import orjson
import pytest
from django.utils.translation import gettext_lazy

from rustok import context
from rustok.context import Actor, ExecutionContext, TenantRef, Trace
from rustok.telemetry import get_logger, log_event
from rustok.telemetry import logging as telemetry_logging

ACME = TenantRef(id=UUID(int=1), slug="acme", name="Acme", schema="t_000000000001")


class Lines(io.BytesIO):
    """A stream that can be read back as objects."""

    def objects(self):
        return [orjson.loads(line) for line in self.getvalue().splitlines()]

    def only(self):
        [line] = self.objects()
        return line


@pytest.fixture
def lines(settings):
    """Log into memory for one test, then log where the process did before."""
    before, handlers = telemetry_logging.stream(), list(logging.getLogger().handlers)
    captured = Lines()
    telemetry_logging.configure(level="INFO", log_format="json", stream=captured)
    yield captured
    telemetry_logging.configure(stream=before)
    logging.getLogger().handlers = handlers


def test_a_line_is_one_object_with_the_event_and_its_facts(lines):
    log_event("order.placed", order_id=UUID(int=7), total=1250, currency="USD")

    assert (
        lines.only().items()
        >= {
            "event": "order.placed",
            "level": "info",
            "order_id": str(UUID(int=7)),
            "total": 1250,
            "currency": "USD",
        }.items()
    )


def test_a_line_says_who_and_where(lines):
    trace = Trace("a" * 32, "b" * 16)
    here = ExecutionContext(tenant=ACME, actor=Actor("user", "alice", "Alice"), request_id="r-1", trace=trace)
    with context.use(here):
        log_event("order.placed")

    assert (
        lines.only().items()
        >= {
            "tenant": "acme",
            "actor": "user:alice",
            "request_id": "r-1",
            "trace_id": "a" * 32,
        }.items()
    )


def test_a_line_outside_every_scope_names_nobody(lines):
    log_event("process.started")

    assert lines.only().keys().isdisjoint({"tenant", "actor", "request_id", "trace_id"})


def test_platform_work_is_marked(lines):
    with context.use(ExecutionContext(platform=True)):
        log_event("tenant.created")

    assert lines.only()["tenant"] == "platform"


def test_records_of_the_standard_library_take_the_same_road(lines):
    with context.use(ExecutionContext(request_id="r-2")):
        logging.getLogger("django.server").warning(
            "Not Found: %s", "/x", extra={"status_code": 404, "request": object()}
        )

    line = lines.only()
    assert line["event"] == "Not Found: /x"
    assert (line["logger"], line["level"], line["status_code"]) == ("django.server", "warning", 404)
    assert line["request_id"] == "r-2"
    assert "request" not in line


def test_an_exception_is_told_with_its_traceback(lines):
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("rustok").exception("failed")

    assert "ValueError: broken" in lines.only()["exception"]


def test_what_is_below_the_level_costs_no_line(lines):
    log_event("cache.missed", level=logging.DEBUG)

    assert lines.objects() == []


@pytest.mark.parametrize(
    "value", [gettext_lazy("lazy"), object(), {1: "int key"}, {"a", "b"}, "\ud800", 1 << 80, float("nan"), b"bytes"]
)
def test_no_fact_can_break_the_caller(lines, value):
    log_event("odd.fact", value=value)

    assert lines.only()["event"] == "odd.fact"


def test_a_closed_stream_does_not_fail_the_caller(lines):
    lines.close()

    log_event("order.placed")


def test_secrets_are_masked_by_name_and_by_shape(lines):
    log_event(
        "call.made",
        password="hunter2",
        headers={"Authorization": "Bearer abcdefghijkl", "X-Api-Key": "k", "Accept": "json"},
        note="key rk_acme_abcdefghijkl used at postgresql://rustok:s3cret@db/rustok",
    )

    text = lines.getvalue().decode()
    assert not [secret for secret in ("hunter2", "abcdefghijkl", "s3cret", '"k"') if secret in text]
    assert '"Accept":"json"' in text


def test_a_secret_in_a_traceback_is_masked(lines):
    try:
        raise ValueError("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    except ValueError:
        logging.getLogger("rustok").exception("failed")

    assert b"MfKQ9r8" not in lines.getvalue()


def test_pretty_lines_are_for_eyes_and_still_safe(lines):
    telemetry_logging.configure(log_format="pretty", stream=lines)

    log_event("order.placed", total=5, token="abc")

    assert b"order.placed" in lines.getvalue()
    assert b"abc" not in lines.getvalue()


def test_a_named_logger_keeps_its_name(lines):
    get_logger("relay").info("batch.sent", size=3)

    assert lines.only().items() >= {"logger": "relay", "event": "batch.sent", "size": 3}.items()


def test_both_ends_of_an_endless_traceback_are_kept(lines):
    try:
        raise ValueError("first " + "x" * 50_000 + " last")
    except ValueError:
        logging.getLogger("rustok").exception("failed")

    told = lines.only()["exception"]
    assert len(told) < 13_000
    assert "first" in told
    assert "last" in told


def test_django_does_not_tell_of_answers_a_second_time(lines):
    logging.getLogger("django.request").warning("Not Found: %s", "/x")

    assert lines.objects() == []


def test_django_tells_of_defects(lines):
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("django.request").exception("Internal Server Error: %s", "/x")

    assert lines.only()["event"] == "Internal Server Error: /x"
