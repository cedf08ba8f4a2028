"""From declarations to OpenAPI 3.1: the document says what the parser does, because both read the same models.

Plugs into drf-spectacular, which walks the URL map and assembles the document.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from rustok.api.converters import Kebab
from rustok.api.declaration import Declaration
from rustok.api.problems import Problem, problem_responses

_REFERENCE: Final = "#/components/schemas/{model}"
_PATH_VARIABLE: Final = re.compile(r"<(?:(\w+):)?(\w+)>")
_CONVERTERS: Final[dict[str, dict[str, Any]]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
    "slug": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"},
    "kebab": Kebab.schema,
    "str": {"type": "string", "minLength": 1},
}
_GENERIC: Final = re.compile(r"^(\w+?)_(\w+)_$")
_COMMON_HEADERS: Final[dict[str, Any]] = {
    "X-Request-ID": {"description": "Names this request in logs.", "schema": {"type": "string"}},
    "traceparent": {"description": "W3C Trace Context of this request.", "schema": {"type": "string"}},
}
_BEARER: Final = {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer rk_…`."}


class OperationSchema(AutoSchema):
    """One operation object per declared handler."""

    def get_operation(
        self, _path: str, path_regex: str, _path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        """The operation object; None for views that declare nothing."""
        declared: Declaration | None = getattr(self.view, "declarations", {}).get(method.upper())
        if declared is None:
            return None
        _register(registry, Problem, "serialization")
        registry.register_on_missing(_resolved("bearer", ResolvedComponent.SECURITY_SCHEMA, _BEARER))
        operation: dict[str, Any] = {
            "operationId": declared.name.replace(".", "_").replace("-", "_"),
            "summary": str(declared.summary),
            "description": declared.description,
            "tags": [declared.name.partition(".")[0]],
            "parameters": [*_path_parameters(path_regex), *_query(declared), *_headers(declared)],
            "security": [] if declared.is_public else [{"bearer": []}],
            "responses": _responses(registry, declared),
            "x-permission": declared.permission,
            "x-criticality": declared.criticality.name.lower(),
        }
        if declared.body is not None:
            operation["requestBody"] = _body(registry, declared)
        return operation


def build(urlconf: str) -> dict[str, Any]:
    """The whole document of one side, texts in the active language."""
    generator: Any = SchemaGenerator(urlconf=urlconf)  # type: ignore[no-untyped-call]  # the library annotates little
    document: dict[str, Any] = generator.get_schema(request=None, public=True)
    return document


def _path_parameters(path_regex: str) -> list[dict[str, Any]]:
    return [
        {"in": "path", "name": name, "required": True, "schema": dict(_CONVERTERS[converter or "str"])}
        for converter, name in _PATH_VARIABLE.findall(path_regex)
    ]


def _query(declared: Declaration) -> list[dict[str, Any]]:
    document = declared.query.model_json_schema(ref_template=_REFERENCE)
    required = document.get("required", [])
    definitions = document.get("$defs", {})
    return [
        _parameter(name, _plain(schema, definitions), required=name in required)
        for name, schema in document.get("properties", {}).items()
    ]


def _parameter(name: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    description = schema.pop("description", "")
    parameter = {"in": "query", "name": name, "required": required, "schema": schema}
    return {**parameter, "description": description} if description else parameter


def _plain(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema without null, which a query string cannot say, and without references."""
    schema = {name: value for name, value in schema.items() if name != "title" and (name, value) != ("default", None)}
    branches = [branch for branch in schema.pop("anyOf", []) if branch != {"type": "null"}]
    if len(branches) == 1:
        schema = {**branches[0], **schema}
    elif branches:
        schema["anyOf"] = branches
    reference = schema.pop("$ref", None)
    return {**definitions[reference.rpartition("/")[2]], **schema} if reference else schema


def _headers(declared: Declaration) -> list[dict[str, Any]]:
    found = []
    if declared.idempotent:
        found.append(
            _header(
                "Idempotency-Key",
                {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
                "Makes the call happen once: a repetition within 24 hours gets the stored answer.",
            )
        )
    if declared.reads_version:
        found.append(
            _header(
                "If-Match",
                {"type": "string", "pattern": '^("[0-9]{1,18}"|[*])$'},
                "The ETag of the version that the caller has seen; another current version gives 412.",
            )
        )
    return found


def _header(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"in": "header", "name": name, "required": False, "schema": schema, "description": description}


def _body(registry: ComponentRegistry, declared: Declaration) -> dict[str, Any]:
    assert declared.body is not None
    media: dict[str, Any] = {"schema": _register(registry, declared.body, "validation")}
    if declared.example is not None:
        media["example"] = declared.example
    required = any(field.is_required() for field in declared.body.model_fields.values())
    return {"required": required, "content": {"application/json": media}}


def _success(registry: ComponentRegistry, declared: Declaration) -> dict[str, Any]:
    headers = dict(_COMMON_HEADERS)
    if _has_version(declared.answer):
        headers["ETag"] = {"description": "The version, for `If-Match`.", "schema": {"type": "string"}}
    if declared.idempotent:
        headers["Idempotency-Replayed"] = {
            "description": "`true` when this is the stored answer of an earlier call.",
            "schema": {"type": "string"},
        }
    response: dict[str, Any] = {"description": str(declared.summary) or "Done.", "headers": headers}
    if declared.answer is not None:
        schema = _register(registry, declared.answer, "serialization")
        response["content"] = {"application/json": {"schema": schema}}
    return response


def _responses(registry: ComponentRegistry, declared: Declaration) -> dict[str, Any]:
    """Success, problems, and the answers that another protocol defines."""
    found = {str(declared.status): _success(registry, declared), **problem_responses(declared)}
    for status, model in declared.also.items():
        response = found.setdefault(str(status), {"description": HTTPStatus(status).phrase})
        if model is not None:
            media = {"schema": _register(registry, model, "serialization")}
            response["content"] = {**response.get("content", {}), "application/json": media}
    return found


def _has_version(answer: Any) -> bool:
    return isinstance(answer, type) and issubclass(answer, BaseModel) and "version" in answer.model_fields


def _register(registry: ComponentRegistry, answer: Any, mode: JsonSchemaMode) -> dict[str, Any]:
    """Put a type and what it refers to among the components; return the reference (or the schema of a plain type)."""
    adapter: TypeAdapter[Any] = TypeAdapter(answer)
    schema = adapter.json_schema(mode=mode, ref_template=_REFERENCE)
    for name, definition in schema.pop("$defs", {}).items():
        _component(registry, name, definition)
    if not (isinstance(answer, type) and issubclass(answer, BaseModel)):
        return schema
    if "$ref" in schema:  # a model that refers to itself
        return schema
    return _component(registry, answer.__name__, schema)


def _component(registry: ComponentRegistry, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    clean = _GENERIC.sub(r"\2\1", name.replace("[", "_").replace("]", "_"))
    component = _resolved(clean, ResolvedComponent.SCHEMA, schema)
    if component in registry and registry[component].schema != schema:
        raise ValueError(f"two different schemas are called {clean}; rename one of the models")
    registry.register_on_missing(component)
    return {"$ref": _REFERENCE.format(model=clean)}


def _resolved(name: str, kind: str, schema: dict[str, Any]) -> Any:
    return ResolvedComponent(name, kind, schema, name)  # type: ignore[no-untyped-call]  # the library annotates little
