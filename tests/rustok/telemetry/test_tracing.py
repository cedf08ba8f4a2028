"""W3C Trace Context: what is continued, what starts anew, what is dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok import context
from rustok.context import ExecutionContext, Trace
from rustok.telemetry import continued, outgoing_headers, span, traced
from rustok.telemetry.tracing import parse_traceparent, parse_tracestate

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
