"""Traces and the search box, as people of both consoles see them."""

import pytest

from apps.events import queries as events
from apps.events.relay.rounds import drain
from rustok import context
from rustok.context import Trace
from rustok.telemetry import ring
from tests.support.commerce import make_order
from tests.support.console import Visitor
from tests.support.tracing import keep_line, keep_span, rings  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("rings")
TRACE, OTHER = "a1" * 16, "b2" * 16


def text_of(response):
    assert response.status_code == 200
    return response.content.decode()


def kinds(response):
    assert response.status_code == 200
    return {kind.name: [hit.title for hit in kind.hits] for kind in response.context["kinds"]}


@pytest.fixture
def operator(platform):
    return Visitor("operator")


def test_operators_see_all_traces_and_narrow_them(operator):
    keep_span(TRACE, "POST orders/", tenant="acme", ms=700, error="503")
    keep_span(OTHER, "GET things/", tenant="globex")

    assert {row.trace_id for row in operator.get("/admin/traces/").context["rows"]} == {TRACE, OTHER}
    for query in ("q=post", f"q={TRACE[:8]}", "tenant=acme", "slower=500", "failed=1"):
        assert [row.trace_id for row in operator.get(f"/admin/traces/?{query}").context["rows"]] == [TRACE]
    assert "No trace fits" in text_of(operator.get("/admin/traces/?q=nowhere&slower=x"))


def test_one_trace_is_a_waterfall_with_its_lines(operator):
    keep_span(TRACE, "POST orders/", tenant="acme", about={"rustok.tenant": "acme", "http.route": "orders/"})
    keep_span(TRACE, "create_order", id="b" * 16, parent="a" * 16, links=[[OTHER, "c" * 16]])
    keep_line(TRACE, "order.placed", tenant="acme", total=1250)

    page = operator.get(f"/admin/traces/{TRACE}/")

    assert [(bar.name, bar.depth) for bar in page.context["picture"].bars] == [("POST orders/", 0), ("create_order", 1)]
    assert all(part in text_of(page) for part in ("order.placed", "total=1250", OTHER, "http.route", "acme.localhost"))


@pytest.mark.parametrize(("trace_id", "status"), [("0" * 32, 200), ("x", 404), ("A" * 32, 404)])
def test_an_unknown_trace_is_said_to_be_unknown(operator, trace_id, status):
    assert operator.get(f"/admin/traces/{trace_id}/").status_code == status


def test_a_shop_sees_its_own_spans_and_lines_only(acme):
    for tenant, span_id in (("acme", "a" * 16), ("globex", "b" * 16)):
        keep_span(TRACE, f"of {tenant}", tenant=tenant, id=span_id)
        keep_line(TRACE, f"line.{tenant}", tenant=tenant)
    keep_span(OTHER, "GET secret/", tenant="globex")
    owner = Visitor("owner", acme)

    page, rows = text_of(owner.get(f"/admin/traces/{TRACE}/")), owner.get("/admin/traces/").context["rows"]

    assert ("of acme" in page, "line.acme" in page) == (True, True)
    assert "globex" not in page
    assert [row.trace_id for row in rows if row.tenant != "acme"] == []
    assert "GET secret/" not in text_of(owner.get(f"/admin/traces/{OTHER}/"))


def test_traces_need_their_permission(acme):
    viewer = Visitor("viewer", acme)
    keep_span(TRACE, tenant="acme")

    assert [viewer.get(f"/admin/{page}").status_code for page in ("traces/", f"traces/{TRACE}/")] == [403, 403]
    assert kinds(viewer.get(f"/admin/find/?q={TRACE}")) == {}


@pytest.fixture
def traced_order(acme):
    """An order placed inside a trace, numbered, with spans and lines in the ring."""
    with context.amended(trace=Trace(TRACE, "c" * 16)):
        order = make_order("pending")
    drain(tenant_id=acme.id)
    keep_span(TRACE, "POST orders/", tenant="acme", request="req-7")
    keep_line(TRACE, "request.finished", tenant="acme")
    keep_line(TRACE, "request.defect", tenant="acme", level="error")
    return order


def test_every_id_of_an_order_opens_all_that_belongs_to_it(acme, traced_order):
    owner = Visitor("owner", acme)
    event = events.events_of_stream(f"order-{traced_order.pk}", limit=1)[0]
    ids = (TRACE, f"00-{TRACE}-{'c' * 16}-01", str(traced_order.pk), traced_order.number, str(event.id), "req-7")

    for given in ids:
        found = kinds(owner.get(f"/admin/find/?q={given}"))
        assert found["trace"] == [TRACE], given
        assert found["error"] == ["request.defect"]
        assert {"event", "audit", "line"} <= found.keys()


def test_finds_need_the_permission_of_their_kind(acme, traced_order):
    found = kinds(Visitor("viewer", acme).get(f"/admin/find/?q={traced_order.number}"))

    assert found.keys() == {"order", "event"}


@pytest.mark.parametrize("given", ["", "  ", "nothing", "0" * 32, "%00", "🦀" * 300, "' OR 1=1 --"])
def test_what_is_no_id_finds_nothing(operator, given):
    assert kinds(operator.client.get("/admin/find/", {"q": given})) == {}


def test_a_buffer_that_is_away_is_said_to_be(operator, monkeypatch):
    dead = ring.client("redis://127.0.0.1:9/0")  # with the patience of the product, not that of its library
    with monkeypatch.context() as away:
        away.setattr(ring, "client", lambda _url: dead)
        pages = [text_of(operator.get(f"/admin/{page}")) for page in ("traces/", f"traces/{TRACE}/")]
        assert kinds(operator.get("/admin/find/?q=x")) == {}

    assert all("does not answer" in page for page in pages)
