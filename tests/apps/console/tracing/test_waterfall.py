"""A trace as a tree of bars: parents first, nothing lost, nothing outside the picture."""

from hypothesis import given
from hypothesis import strategies as st

from apps.console.tracing.waterfall import WIDTH, waterfall


def made(name, parent="", start=0, end=10, **more):
    return {"id": name, "parent": parent, "name": name, "kind": "internal", "start": start * 1_000_000,
            "end": end * 1_000_000, "error": "", "about": {}} | more  # fmt: skip


def test_children_stand_under_their_parents_in_order_of_begin():
    picture = waterfall(
        [made("late", "top", 6, 8), made("deep", "early", 2, 3), made("early", "top", 1, 5), made("top")]
    )

    assert [(bar.name, bar.depth) for bar in picture.bars] == [("top", 0), ("early", 1), ("deep", 2), ("late", 1)]
    assert [(bar.left, bar.width) for bar in picture.bars] == [(0, 1000), (100, 400), (200, 100), (600, 200)]


def test_a_span_without_its_parent_stands_at_the_top():
    assert [bar.depth for bar in waterfall([made("a", "elsewhere"), made("b", "a", 1)]).bars] == [0, 1]


def test_the_whole_is_told():
    picture = waterfall([made("a", error="broken", about={"rustok.tenant": "acme"}), made("b", "a", 5, 30)])

    assert (picture.milliseconds, picture.errors, picture.tenants) == (30.0, 1, ["acme"])


def test_nothing_is_no_picture():
    assert waterfall([]) is None


SPANS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 50), st.integers(0, 50)), min_size=1)


@given(SPANS)
def test_every_span_is_drawn_once_and_inside(spans):
    given_spans = {str(own): made(str(own), str(up), start, start + long) for own, up, start, long in spans}
    picture = waterfall(list(given_spans.values()))

    roots = {name for name, span in given_spans.items() if span["parent"] not in given_spans}
    assert {bar.name for bar in picture.bars} >= roots
    assert len({bar.span_id for bar in picture.bars}) == len(picture.bars)
    assert all(bar.left >= 0 and bar.left + bar.width <= WIDTH + 0.1 for bar in picture.bars)
