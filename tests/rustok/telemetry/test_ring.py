"""The ring keeps the newest traces, the failed ones longer, and never more than it may."""

import orjson
import pytest

from rustok.config import config
from rustok.telemetry import ring
from rustok.telemetry.ring import LONGEST, MOST, Group, Ring
from tests.support.tracing import rings  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("rings")
FACTS = {"name": "GET things/"}


@pytest.fixture
def small():
    return Ring(ring.client(config().redis_url.get_secret_value()), "traces", limit=4)


def name_of(number):
    return f"{number:032x}"


def test_a_trace_is_found_by_its_id_whatever_the_order_of_its_batches(small):
    small.write({name_of(1): Group(at=20, items=[b"inner"])})
    small.write({name_of(1): Group(at=10, facts=FACTS, items=[b"outer"])})

    assert small.items(name_of(1)) == [b"inner", b"outer"]
    assert small.facts() == {name_of(1): FACTS}
    assert small.items(name_of(2)) == []


def test_the_first_begin_names_the_trace(small):
    small.write({name_of(1): Group(at=10, facts={"name": "click"}, items=[b"1"])})
    small.write({name_of(1): Group(at=20, facts={"name": "task"}, items=[b"2"])})

    assert small.facts()[name_of(1)] == {"name": "click"}


def test_old_traces_give_way_and_failed_ones_stay_longer(small):
    small.write({name_of(0): Group(at=0, keep=True, facts=FACTS, items=[b"failed"])})
    for number in range(1, 9):
        small.write({name_of(number): Group(at=number, facts=FACTS, items=[b"good"])})

    assert set(small.facts()) == {name_of(number) for number in (0, 5, 6, 7, 8)}
    assert small.items(name_of(1)) == []


def test_one_trace_cannot_fill_the_ring(small):
    for _batch in range(3):
        small.write({name_of(1): Group(at=1, facts=FACTS, items=[b"x"] * 200 + [b"y" * (LONGEST + 1)])})

    assert len(small.items(name_of(1))) == MOST


def test_all_together_are_bounded(small):
    for number in range(4):
        small.write({name_of(number): Group(at=number, facts=FACTS, items=[b"x"] * 200)})

    assert sum(len(small.items(name_of(number))) for number in range(4)) == 400
    assert set(small.facts()) == {name_of(2), name_of(3)}


def test_many_traces_in_one_batch(small):
    small.write({name_of(n): Group(at=n, facts=FACTS, items=[orjson.dumps(n)]) for n in range(500)})

    assert set(small.facts()) == {name_of(n) for n in range(496, 500)}


def test_traces_that_time_has_taken_away_take_no_room(small):
    """In a quiet installation whole days of traces expire; their numbers must not push the new ones out."""
    for number in range(2):
        small.write({name_of(number): Group(at=number, facts=FACTS, items=[b"x"] * 200)})
        small._client.delete(f"{small._prefix}of:{name_of(number)}")  # as EXPIRE does after a day

    small.write({name_of(2): Group(at=2, facts=FACTS, items=[b"x"] * 200)})

    assert len(small.items(name_of(2))) == 200
