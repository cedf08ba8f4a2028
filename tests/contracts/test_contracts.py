"""The gate: every published event has its stored schema, and no stored one may break."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import jsonschema
import pytest
from django.core.management import CommandError, call_command

from apps.events.contracts import breaking_changes, missing_for, published, schema_of
from apps.events.projections import projections
from rustok.events import DomainEvent
from rustok.upcasting import decode, is_current, old_versions

HERE = Path(__file__).parent


@pytest.mark.parametrize("wire_type", published())
def test_published_event_has_its_stored_schema(wire_type):
    stored = HERE / f"{wire_type}.json"

    assert stored.exists(), "run `make contracts` and commit the file"
    assert json.loads(stored.read_text()) == schema_of(published()[wire_type]), "run `make contracts`"


def test_no_published_version_disappears():
    stored = {path.stem for path in HERE.glob("*.json")}

    assert stored <= set(published()), "logs hold and deliver such events, and their schema is served: keep the class"


def test_every_old_version_has_an_upcaster():
    newest = {event.type: event.version for event in sorted(published().values(), key=lambda event: event.version)}
    old = {(event.type, event.version) for event in published().values() if event.version < newest[event.type]}

    assert old <= old_versions(), "folds know the newest version only"


@pytest.mark.parametrize("path", sorted(HERE.glob("*.json")), ids=lambda path: path.stem)
def test_the_golden_sample_of_every_version_is_still_read(path):
    event_type, _dot, version = path.stem.rpartition(".v")
    golden = (HERE / "samples" / path.name).read_text()

    jsonschema.validate(json.loads(golden), json.loads(path.read_text()))
    event = decode(event_type, int(version), golden)

    assert isinstance(event, DomainEvent)
    if is_current(event_type, int(version)):
        assert event.data().items() >= json.loads(golden).items()


@pytest.mark.parametrize("path", sorted(HERE.glob("*.json")), ids=lambda path: path.stem)
def test_an_event_from_before_its_optional_members_is_still_read(path):
    event_type, _dot, version = path.stem.rpartition(".v")
    golden, required = json.loads((HERE / "samples" / path.name).read_text()), json.loads(path.read_text())["required"]

    oldest = {name: value for name, value in golden.items() if name in required}

    assert isinstance(decode(event_type, int(version), json.dumps(oldest)), DomainEvent)


def test_no_golden_sample_disappears():
    assert {path.name for path in (HERE / "samples").glob("*.json")} == {path.name for path in HERE.glob("*.json")}


EXPECTATIONS = [
    pytest.param(wire_type, expected, id=f"{path.stem}: {wire_type}")
    for path in sorted((HERE / "consumers").glob("*.json"))
    for wire_type, expected in json.loads(path.read_text()).items()
]


@pytest.mark.parametrize(("wire_type", "expected"), EXPECTATIONS)
def test_a_consumer_gets_what_it_reads(wire_type, expected):
    stored = json.loads((HERE / f"{wire_type}.json").read_text())
    golden = json.loads((HERE / "samples" / f"{wire_type}.json").read_text())

    assert missing_for(expected, stored) == []
    jsonschema.validate(golden, expected)


@pytest.mark.parametrize("projection", projections(), ids=lambda projection: projection.name)
def test_every_projection_says_what_it_reads(projection):
    expected = json.loads((HERE / "consumers" / f"{projection.name}.json").read_text())

    assert {wire_type.rpartition(".v")[0] for wire_type in expected} >= set(projection.handles)


@pytest.mark.parametrize("path", sorted(HERE.glob("*.json")), ids=lambda path: path.stem)
def test_stored_schema_is_valid_json_schema(path):
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))


def object_of(required: tuple[str, ...] = (), **members: object) -> dict[str, object]:
    return {"type": "object", "properties": members, "required": list(required)}


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


@pytest.mark.parametrize(
    ("old", "new", "breaks"),
    [
        (object_of(a=TEXT), object_of(a=TEXT, b=TEXT), False),
        (object_of(("a",), a=TEXT), object_of(("a", "b"), a=TEXT, b=NUMBER), True),
        (object_of(("a",), a=TEXT, b=TEXT), object_of(("a", "b"), a=TEXT, b=TEXT), True),
        (object_of(("a",), a=TEXT), object_of(("b",), b=TEXT), True),
        (object_of(a=TEXT), object_of(a={**TEXT, "description": "new words"}), False),
        (object_of(a=TEXT, b=TEXT), object_of(a=TEXT), True),
        (object_of(a=TEXT), object_of(a=NUMBER), True),
        (object_of(("a",), a=TEXT), object_of(a=TEXT), True),
        (object_of(a=object_of(b=TEXT)), object_of(a=object_of(b=NUMBER)), True),
        (object_of(a={"type": "array", "items": TEXT}), object_of(a={"type": "array", "items": NUMBER}), True),
        (object_of(description=TEXT), object_of(), True),
    ],
)
def test_compatibility(old, new, breaks):
    assert bool(breaking_changes(old, new)) is breaks


@pytest.mark.parametrize(
    ("expected", "offered", "missing"),
    [
        (object_of(("a",), a=TEXT), object_of(("a", "b"), a=TEXT, b=TEXT), []),
        (object_of((), a=TEXT), object_of(("a",), a=TEXT), []),
        (object_of(("a",), a=TEXT), object_of((), a=TEXT), ["/a: is not always there"]),
        (object_of(("a",), a=TEXT), object_of(("b",), b=TEXT), ["/a: is not always there"]),
        (object_of(("a",), a=TEXT), object_of(("a",), a=NUMBER), ["/a/: changed its type"]),
        (
            object_of(a={"type": "array", "items": object_of(("b",), b=TEXT)}),
            object_of(a={"type": "array", "items": object_of(("c",), c=TEXT)}),
            ["/a[]/b: is not always there"],
        ),
        (object_of(a={"type": "array", "items": TEXT}), object_of(a={"type": "array", "items": TEXT}), []),
    ],
)
def test_what_a_consumer_would_miss(expected, offered, missing):
    assert missing_for(expected, offered) == missing


def test_command_keeps_a_golden_sample(tmp_path):
    call_command("contracts", directory=tmp_path, stdout=StringIO())
    golden = next((tmp_path / "samples").glob("*.json"))
    golden.write_text("{}")

    call_command("contracts", directory=tmp_path, stdout=StringIO())

    assert golden.read_text() == "{}"


def test_command_refuses_to_overwrite_a_broken_contract(tmp_path):
    wire_type, event = next(iter(published().items()))
    older = schema_of(event)
    older["properties"]["dropped"] = {"type": "string"}
    (tmp_path / f"{wire_type}.json").write_text(json.dumps(older))

    with pytest.raises(CommandError, match="/dropped"):
        call_command("contracts", directory=tmp_path, stdout=StringIO())


def test_command_writes_what_is_missing(tmp_path):
    call_command("contracts", directory=tmp_path, stdout=StringIO())

    assert {path.stem for path in tmp_path.glob("*.json")} == set(published())
    call_command("contracts", directory=tmp_path, check=True, stdout=StringIO())
