"""The OpenAPI document: complete, strict, and true to the declarations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rustok.api.schema import build

SIDES = ["rustok.urls.tenant", "rustok.urls.platform"]
# The log goes on by position; the contracts are one short list.
OTHER_LISTS: dict[str, set[str]] = {"events_list": {"after", "page_size"}, "event_schemas_list": set()}
VERBS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module", params=SIDES)
def document(request) -> dict[str, Any]:
    return build(request.param)


def operations(document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for verb in VERBS & item.keys():
            yield path, verb, item[verb]


def schemas(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "$ref" in node or "type" in node or "anyOf" in node:
            yield node
        for inner in node.values():
            yield from schemas(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from schemas(inner)


def test_there_is_something_to_call(document):
    assert list(operations(document))


def test_operation_ids_are_unique(document):
    names = [operation["operationId"] for _path, _verb, operation in operations(document)]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "406", "429", "500", "503"])
def test_every_operation_documents_its_problems(document, status):
    for path, verb, operation in operations(document):
        if operation["security"] or status != "401":
            content = operation["responses"][status]["content"]
            assert content["application/problem+json"]["schema"]["$ref"].endswith("/Problem"), (path, verb)


def test_operations_with_a_body_document_what_can_be_wrong_with_it(document):
    for path, verb, operation in operations(document):
        if "requestBody" in operation:
            assert operation["responses"].keys() >= {"413", "415"}, (path, verb)


def test_every_operation_says_what_it_needs(document):
    for path, verb, operation in operations(document):
        assert operation["summary"], (path, verb)
        assert operation["x-criticality"], (path, verb)
        assert operation["security"] or operation["x-permission"] == "public", (path, verb)


def test_every_reference_leads_somewhere(document):
    known = document["components"]["schemas"]

    for schema in schemas(document):
        if "$ref" in schema:
            assert schema["$ref"].rpartition("/")[2] in known


def test_every_schema_is_valid_json_schema(document):
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def requested(document) -> set[str]:
    """The names of all schemas that request bodies consist of."""
    found: set[str] = set()
    todo = [operation["requestBody"] for _p, _v, operation in operations(document) if "requestBody" in operation]
    while todo:
        names = {s["$ref"].rpartition("/")[2] for s in schemas(todo.pop()) if "$ref" in s} - found
        found |= names
        todo += [document["components"]["schemas"][name] for name in names]
    return found


def test_bodies_allow_nothing_unknown(document):
    for name in requested(document):
        schema = document["components"]["schemas"][name]
        assert schema.get("type") != "object" or schema.get("additionalProperties") is False, name


def test_texts_in_bodies_have_a_limit_and_no_control_characters(document):
    for name in requested(document):
        for schema in schemas(document["components"]["schemas"][name].get("properties", {})):
            if schema.get("type") == "string" and not schema.keys() & {"format", "enum", "const"}:
                assert "pattern" in schema, (name, schema)
                outside_classes = re.sub(r"\[[^\]]*\]", "", schema["pattern"])
                assert "maxLength" in schema or not re.search(r"[*+]", outside_classes), (name, schema)


def test_integers_in_bodies_fit_the_database(document):
    for name in requested(document):
        for schema in schemas(document["components"]["schemas"][name].get("properties", {})):
            if schema.get("type") == "integer":
                assert schema["maximum"] < 2**63, (name, schema)


def test_lists_have_cursor_and_size(document):
    for path, verb, operation in operations(document):
        reference = (
            operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
        )
        if reference.get("$ref", "").endswith("Page"):
            names = {parameter["name"] for parameter in operation["parameters"]}
            assert OTHER_LISTS.get(operation["operationId"], {"cursor", "page_size"}) <= names, (path, verb)
