"""The log over REST: CloudEvents in order, dense, one's own only; and its contracts."""

from __future__ import annotations

import pytest

from apps.events import queries
from apps.events.models import Event
from apps.tenants.isolation import tenant_scope
from rustok.db.ids import new_id
from tests.support.events import poke, relay, run
from tests.support.rest import Integrator


@pytest.fixture
def reader(acme, context):
    relay()
    return Integrator(acme, context, ["event:read"])


def read(reader, after: int, **parameters: object):
    query = "".join(f"&{name}={value}" for name, value in parameters.items())
    return reader.get(f"events/?after={after}{query}")


def test_events_come_in_order_with_dense_positions(reader):
    start = queries.head()
    poke(*"abc")
    relay()

    found = read(reader, start).json()["results"]

    assert [event["position"] for event in found] == [start + 1, start + 2, start + 3]
    assert [event["subject"] for event in found] == ["thing-a", "thing-b", "thing-c"]
    assert found[0]["specversion"] == "1.0"
    assert found[0]["data"] == {"thing": "a", "n": 0}


def test_following_next_reads_everything_once(reader):
    start = queries.head()
    poke(*"abcde")
    relay()
    answer = read(reader, start, page_size=2).json()
    seen = answer["results"]
    while answer["next"]:
        answer = reader.client.get(answer["next"], headers={"authorization": f"Bearer {reader.key}"}).json()
        seen += answer["results"]

    assert [event["position"] for event in seen] == list(range(start + 1, start + 6))


@pytest.fixture
def pruned(reader) -> int:
    """Behind another, three facts of which the first is kept and the second is gone; the position of the first."""
    poke("z", *"abc")
    relay()
    start = queries.head() - 3
    run("SELECT set_config('rustok.retention', 'on', true)")
    Event.objects.filter(position=start + 2).delete()
    run("INSERT INTO events_counter (id, name, position) VALUES (%s, 'floor', %s)", new_id(), start + 2)
    return start + 1


def test_a_reader_who_comes_too_late_is_told(reader, pruned):
    refused = read(reader, pruned)

    assert (refused.status_code, refused.json()["code"]) == (410, 3304)
    assert read(reader, pruned + 1).json()["results"][0]["position"] == pruned + 2


def test_a_gap_inside_a_page_is_told_as_well(reader, pruned):
    refused = read(reader, pruned - 1)

    assert (refused.status_code, refused.json()["code"]) == (410, 3304)
    assert read(reader, pruned - 1, page_size=1).json()["results"][0]["position"] == pruned


def test_a_reader_who_knows_of_gaps_reads_on(reader, pruned):
    assert [event["position"] for event in read(reader, pruned, gaps="true").json()["results"]] == [pruned + 2]


def test_reading_from_the_beginning_passes_over_what_was_removed(reader, pruned):
    seen, page = [], read(reader, 0, page_size=1).json()
    while page["results"]:
        seen += page["results"]
        page = reader.client.get(page["next"], headers={"authorization": f"Bearer {reader.key}"}).json()

    assert [event["position"] for event in seen][-2:] == [pruned, pruned + 2]


def test_unnumbered_events_are_not_shown(reader):
    start = queries.head()
    poke("a")

    assert read(reader, start).json()["results"] == []


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({"type": "testkit.*"}, 3),
        ({"type": "testkit.thing_poked"}, 3),
        ({"type": "testkit.thing_poked.v2"}, 0),
        ({"type": "orders.*"}, 0),
        ({"stream": "thing-a"}, 2),
    ],
)
def test_filters(reader, parameters, count):
    start = queries.head()
    poke(*"aba")
    relay()

    assert len(read(reader, start, **parameters).json()["results"]) == count


@pytest.mark.parametrize("query", ["after=-1", "after=x", "page_size=0", "page_size=101", "type=NO!", "cursor=x"])
def test_bad_parameters_are_refused(reader, query):
    assert reader.get(f"events/?{query}").status_code == 400


def test_neighbours_events_are_not_shown(reader, globex):
    with tenant_scope(globex):
        poke("secret")
        relay()

    assert "secret" not in read(reader, 0, page_size=100).content.decode()


def test_mallory_reads_nothing(acme, context):
    mallory = Integrator(acme, context, ["order:read"])

    assert read(mallory, 0).status_code == 403


def test_schemas_are_served(reader):
    listed = reader.get("events/schemas/").json()["results"]
    one = reader.get("events/schemas/orders.order_placed.v1/").json()

    assert one in listed
    assert one == reader.get("events/schemas/orders.order_placed/1/").json()
    assert one["json_schema"]["properties"]["total"] == {"type": "integer"}


def test_unknown_schema_is_not_found(reader):
    assert reader.get("events/schemas/orders.order_placed/2/").status_code == 404
    assert reader.get("events/schemas/orders.unheard_of.v1/").status_code == 404
