"""The gate: every published event has its stored schema, and no stored one may break."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import jsonschema
import pytest
from django.core.management import CommandError, call_command

from apps.events.contracts import breaking_changes, published, schema_of

HERE = Path(__file__).parent


@pytest.mark.parametrize("wire_type", published())
def test_published_event_has_its_stored_schema(wire_type):
    stored = HERE / f"{wire_type}.json"

    assert stored.exists(), "run `make contracts` and commit the file"
    assert json.loads(stored.read_text()) == schema_of(published()[wire_type]), "run `make contracts`"


def test_no_published_version_disappears():
    stored = {path.stem for path in HERE.glob("*.json")}

    assert stored <= set(published()), "readers may still hold such events; keep the class"


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
        (object_of(("a",), a=TEXT), object_of(("a", "b"), a=TEXT, b=NUMBER), False),
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
