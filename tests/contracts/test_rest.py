"""The gate of the REST API: no program that calls it today may fail tomorrow."""

from __future__ import annotations

import json
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from rustok.api.contract import breaking_changes, contracts, contracts_of

HERE = Path(__file__).parent / "rest"
HOSTS = ("platform", "tenant")


@pytest.mark.parametrize("host", HOSTS)
def test_no_caller_of_today_is_broken(host):
    stored = json.loads((HERE / f"{host}.json").read_text())

    assert breaking_changes(stored, contracts_of(f"rustok.urls.{host}")) == [], "keep it, or add beside it"


TEXT = {"type": "string", "maxLength": 9}
LINE = {"type": "object", "properties": {"sku": TEXT, "colour": {"enum": ["red", "blue"]}}, "required": ["sku"]}
DRY = {"in": "query", "name": "dry", "schema": {"type": "boolean", "description": "Words."}}
OLD: dict[str, Any] = {
    "openapi": "3.1.0",
    "components": {"schemas": {"Line": LINE}},
    "paths": {
        "/orders/": {
            "post": {
                "operationId": "orders_create",
                "x-permission": "order:create",
                "parameters": [DRY],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Line"}}}},
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Line"}}}},
                    "400": {},
                },
            }
        }
    },
}


def changed(**places: Any) -> list[str]:
    """What breaks when the operation's places (`a__b`: b in a) have these values; None takes one away."""
    document = deepcopy(OLD)
    operation = document["paths"]["/orders/"]["post"]
    for place, value in places.items():
        *path, last = place.split("__")
        target = operation
        for name in path:
            target = target[name]
        target.pop(last) if value is None else target.update({last: value})
    return breaking_changes(contracts(OLD), contracts(document))


def as_json(**members: Any) -> dict[str, Any]:
    return {"application/json": {"schema": {**LINE, **members}}}


OTHER_TYPE = {"properties": {**LINE["properties"], "sku": {"type": "integer"}}}
MORE = {"properties": {**LINE["properties"], "note": TEXT}}
LESS = {"properties": {"sku": TEXT}}
SHORTER = {"properties": {**LINE["properties"], "sku": {"type": "string", "maxLength": 3}}}
FEWER = {"properties": {**LINE["properties"], "colour": {"enum": ["red"]}}}
NULLABLE = {"properties": {**LINE["properties"], "sku": {"type": ["string", "null"], "maxLength": 9}}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"summary": "Other words", "responses__400": None}, []),
        ({"x-permission": "order:update"}, ["permission order:create became order:update"]),
        ({"operationId": "orders_place"}, ["is gone"]),
        ({"parameters": []}, ["parameter query dry is gone"]),
        (
            {"parameters": [{"in": "query", "name": "dry", "schema": {"type": "integer"}}]},
            ["query dry changed its type"],
        ),
        ({"requestBody__required": True}, ["a body is required"]),
        ({"requestBody__content": as_json(**MORE)}, []),
        ({"requestBody__content": as_json(required=["sku", "colour"])}, ["body/colour is required"]),
        ({"requestBody__content": as_json(**OTHER_TYPE)}, ["body/sku changed its type"]),
        ({"requestBody__content": as_json(**LESS)}, ["body/colour is gone"]),
        ({"requestBody__content": as_json(**SHORTER)}, ["body/sku has a smaller maxLength"]),
        ({"requestBody__content": as_json(**FEWER)}, ["body/colour no longer takes blue"]),
        ({"requestBody__content": as_json(**NULLABLE)}, []),
        ({"responses__201__content": as_json(**MORE)}, []),
        ({"responses__201__content": as_json(**SHORTER)}, []),
        ({"responses__201__content": as_json(**LESS)}, ["answer 201/colour is gone"]),
        ({"responses__201__content": as_json(required=[])}, ["answer 201/sku is not always there"]),
        ({"responses__201__content": as_json(**OTHER_TYPE)}, ["answer 201/sku changed its type"]),
        ({"responses__201__content": as_json(**NULLABLE)}, ["answer 201/sku changed its type"]),
        ({"responses": {"200": OLD["paths"]["/orders/"]["post"]["responses"]["201"]}}, ["no longer answers 201"]),
    ],
)
def test_what_breaks_a_caller(change, expected):
    found = changed(**change)

    assert len(found) == len(expected)
    assert all(what in found[at] for at, what in enumerate(expected))


def test_schema_that_contains_itself_has_an_end():
    document = deepcopy(OLD)
    document["components"]["schemas"]["Line"] = {"type": "array", "items": {"$ref": "#/components/schemas/Line"}}

    assert contracts(document)["orders_create"]["body"] == {"type": "array", "items": {"$ref": "Line"}}


def test_command_refuses_to_overwrite_a_contract_that_callers_rely_on(tmp_path):
    call_command("contracts", directory=tmp_path, stdout=StringIO())
    stored = tmp_path / "rest" / "platform.json"
    operations = json.loads(stored.read_text())
    stored.write_text(json.dumps(operations | {"shops_dance": next(iter(operations.values()))}))

    with pytest.raises(CommandError, match="shops_dance: is gone"):
        call_command("contracts", directory=tmp_path, stdout=StringIO())
