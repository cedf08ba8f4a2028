"""W3C Trace Context: what is continued, what starts anew, what is dropped."""

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import StatusCode

from rustok import context
from rustok.context import ExecutionContext, TenantRef, Trace
from rustok.db import repository
from rustok.errors.families import DatabaseUnavailable, NotFound
from rustok.telemetry import continued, outgoing_headers, span, statements, traced
from rustok.telemetry.propagation import parse_baggage
from rustok.telemetry.tracing import Kind, note, parse_traceparent, parse_tracestate
from tests.support.spans import recording

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

GOOD = [
    f"00-{TRACE}-{SPAN}-00",
    f"00-{TRACE}-{SPAN}-01",
    f"00-{TRACE}-{SPAN}-ff",
    f"cc-{TRACE}-{SPAN}-01",
    f"cc-{TRACE}-{SPAN}-01-what-the-future-brings",
    f" \t00-{TRACE}-{SPAN}-01 ",
]
BAD = [
    "",
    f"ff-{TRACE}-{SPAN}-01",
    f"00-{TRACE}-{SPAN}-01-more",
    f"00-{TRACE}-{SPAN}-01.",
    f"cc-{TRACE}-{SPAN}-01.more",
    f"00-{'0' * 32}-{SPAN}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE.upper()}-{SPAN}-01",
    f"00-{TRACE[1:]}-{SPAN}-01",
    f"00-{TRACE}1-{SPAN}-01",
    f"00-{TRACE}-{SPAN}1-01",
    f"00-{TRACE}-{SPAN}-1",
    f"00-{TRACE}-{SPAN}-0.",
    f"000-{TRACE}-{SPAN}-01",
    f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
    f"00-{TRACE}-{SPAN}-01\n",
    "٠٠-" + TRACE + "-" + SPAN + "-01",
]


@pytest.mark.parametrize("value", GOOD)
def test_a_valid_parent_is_continued_with_a_span_of_our_own(value):
    trace = continued({"traceparent": value})

    assert trace.trace_id == TRACE
    assert trace.span_id != SPAN


@pytest.mark.parametrize("value", BAD)
def test_anything_else_starts_a_new_trace(value):
    assert parse_traceparent(value) is None
    assert continued({"traceparent": value, "tracestate": "a=1"}).tracestate == ""


@pytest.mark.parametrize(("flags", "sent_on"), [("00", "00"), ("01", "01"), ("02", "02"), ("ff", "03")])
def test_known_flags_are_sent_on_and_unknown_ones_are_cleared(flags, sent_on):
    assert continued({"traceparent": f"00-{TRACE}-{SPAN}-{flags}"}).traceparent.endswith(f"-{sent_on}")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("foo=1", "foo=1"),
        (" foo=1 \t,\t bar=2", "foo=1,bar=2"),
        ("foo=1,,bar=2,", "foo=1,bar=2"),
        ("foo=1,foo=2", "foo=1"),
        ("foo@=1,bar=2", "foo@=1,bar=2"),
        ("foo@bar@baz=1", "foo@bar@baz=1"),
        ("0tenant@sys=a b", "0tenant@sys=a b"),
        ("z" * 256 + "=1", "z" * 256 + "=1"),
        ("a=" + "v" * 256, "a=" + "v" * 256),
        (",".join(f"k{n}=1" for n in range(32)), ",".join(f"k{n}=1" for n in range(32))),
        ("", ""),
        ("@foo=1,bar=2", ""),
        ("FOO=1", ""),
        ("foo =1", ""),
        ("foo=", ""),
        ("foo=bar=baz", ""),
        ("foo=ü", ""),
        ("z" * 257 + "=1", ""),
        ("a=" + "v" * 257, ""),
        (",".join(f"k{n}=1" for n in range(33)), ""),
    ],
)
def test_tracestate_is_kept_in_normal_form_or_dropped_whole(value, kept):
    assert parse_tracestate(value) == kept


@given(st.text(max_size=120), st.text(max_size=120))
def test_no_header_can_break_a_request(parent, state):
    trace = continued({"traceparent": parent, "tracestate": state})

    assert parse_traceparent(trace.traceparent) is not None


def test_calls_to_others_carry_the_trace():
    with context.use(ExecutionContext(trace=Trace(TRACE, SPAN, tracestate="a=1"))):
        assert outgoing_headers() == {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "a=1"}


def test_nothing_is_sent_outside_a_trace():
    assert outgoing_headers() == {}


def test_a_span_is_a_child_and_ends_with_its_block():
    with context.use(ExecutionContext(trace=Trace(TRACE, SPAN))):
        with span("orders.import") as inner:
            assert (inner.trace_id, context.current().trace) == (TRACE, inner)
        assert context.current().trace.span_id == SPAN


def test_a_traced_function_keeps_its_name_answer_and_error():
    @traced("sum")
    def divide(a, b):
        return a / b

    assert (divide.__name__, divide(4, 2)) == ("divide", 2)
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("user=alice", "user=alice"),
        (" user = alice ;private; ttl=5 , plan=pro", "user = alice ;private; ttl=5,plan=pro"),
        ("a=1,,bad,=2,b c=3,d=%20x", "a=1,d=%20x"),
        ('q="x"', ""),
        ("a=ü", ""),
        ("a=1\r\nb=2", ""),
        ("", ""),
        (",".join(f"k{n}=v" for n in range(70)), ",".join(f"k{n}=v" for n in range(64))),
        ("big=" + "v" * 8188 + ",small=1", "big=" + "v" * 8188),
        ("big=" + "v" * 9000 + ",small=1", "small=1"),
    ],
    ids=range(10),
)
def test_baggage_is_kept_without_what_is_malformed_or_too_much(value, kept):
    assert parse_baggage(value) == kept


@given(st.text(max_size=200))
def test_kept_baggage_is_kept_again(value):
    kept = parse_baggage(value)

    assert parse_baggage(kept) == kept


def test_baggage_survives_a_restart_of_the_trace():
    assert continued({"traceparent": "bad", "baggage": "user=alice"}).baggage == "user=alice"


def inside(**circumstances):
    return context.use(ExecutionContext(trace=Trace(TRACE, SPAN), **circumstances))


def test_a_caller_decides_whether_its_trace_is_recorded():
    with recording(ratio=0.0) as spans:
        for flags in ("00", "01"):
            here = ExecutionContext(trace=continued({"traceparent": f"00-{TRACE}-{SPAN}-{flags}"}))
            with context.use(here), span("work", kind=Kind.SERVER, door=True) as inner:
                assert inner.traceparent.endswith(f"-{flags}")

    assert [f"{one.parent.span_id:016x}" for one in spans.all] == [SPAN]


def test_the_ratio_decides_about_traces_that_begin_here():
    with recording(ratio=0.25):
        sampled = sum(continued({}).sampled for _time in range(2000))

    assert 380 < sampled < 620


def test_a_root_keeps_the_trace_id_that_its_door_gave_out():
    door = span("GET", kind=Kind.SERVER, door=True)
    with recording() as spans, context.use(ExecutionContext(trace=continued({}))) as here, door:
        pass

    assert (f"{spans.only('GET').context.trace_id:032x}", spans.only("GET").parent) == (here.trace.trace_id, None)


def test_spans_form_a_tree_also_across_threads():
    def elsewhere(trace):
        with context.use(ExecutionContext(trace=trace)), span("thread"):
            pass

    with recording() as spans, inside(), span("outer"), span("inner") as inner, ThreadPoolExecutor(1) as pool:
        pool.submit(elsewhere, inner).result()

    assert (spans.parent_of("outer"), spans.parent_of("inner"), spans.parent_of("thread")) == (SPAN, "outer", "inner")


@pytest.mark.parametrize(
    ("error", "failed"), [(ValueError("broken"), True), (DatabaseUnavailable(), True), (NotFound(resource="x"), False)]
)
def test_only_our_own_faults_are_errors(error, failed):
    with recording() as spans, inside(), pytest.raises(type(error)), span("work"):
        raise error

    assert (spans.only("work").status.status_code is StatusCode.ERROR) == failed
    assert spans.only("work").attributes["error.type"] == type(error).__name__


def test_an_error_text_holds_no_secret():
    with recording() as spans, inside(), pytest.raises(ValueError, match="rk_"), span("work"):
        raise ValueError("rk_live_abcdefgh1234")

    assert "abcdefgh" not in spans.only("work").status.description


def test_a_span_knows_its_tenant_and_what_was_noted():
    tenant = TenantRef(id=UUID(int=1), slug="acme", name="Acme", schema="t_000000000001")
    with recording() as spans, inside(tenant=tenant), span("work", rows=3):
        note({"found": Decimal(2)})

    assert spans.only("work").attributes == {"rustok.tenant": "acme", "rows": 3, "found": "2"}


def test_slow_statements_become_spans_of_the_active_one():
    statements.configure(0.0)
    try:
        with recording() as spans, inside(), span("work"):
            statements.seen("SELECT  1", time.perf_counter())
    finally:
        statements.configure(None)

    assert spans.parent_of("SQL SELECT") == "work"
    assert spans.only("SQL SELECT").attributes["db.query.text"] == "SELECT 1"


def test_a_traced_repository_is_seen_in_the_trace():
    class Shelf:
        def find(self, key):
            return key

    with recording() as spans, inside(), span("work"):
        assert repository.traced(Shelf(), verbs=("find",)).find("tea") == "tea"

    assert spans.parent_of("Shelf.find") == "work"
