"""What callers of the REST API rely on: one compact contract per operation, and what may change in it.

Made from the OpenAPI document of a host, without its words. New operations, new members of answers and new optional
members of requests are welcome; what a program of yesterday would trip over is a breaking change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from rustok.api.schema import build

Schema = dict[str, Any]

_WORDS: Final = frozenset({"title", "description", "example", "examples", "default", "deprecated"})
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_NOT_LESS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_NOT_MORE: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_FORMS: Final = ("format", "const")


@cache
def contracts_of(urlconf: str) -> dict[str, Schema]:
    """What the code promises on the host of this URL configuration; made once per process, about half a second."""
    return contracts(build(urlconf))


def contracts(document: Mapping[str, Any]) -> dict[str, Schema]:
    """Every operation of an OpenAPI document by its id: method, path, grant, parameters, body, successful answers."""
    parts = document.get("components", {}).get("schemas", {})
    found = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if (operation := item.get(method)) is not None:
                found[operation["operationId"]] = _contract(method, path, operation, parts)
    return dict(sorted(found.items()))


def breaking_changes(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """Why a caller of the old operations could fail with the new ones; empty when none could.

    Answers may gain members, values of an enumeration among them; requests may gain optional members and freedom.
    """
    return [f"{name}: {what}" for name in sorted(old) for what in _operation(old[name], new.get(name))]


def _contract(method: str, path: str, operation: Mapping[str, Any], parts: Mapping[str, Any]) -> Schema:
    body = operation.get("requestBody", {})
    answers = {
        status: _plain(_json(answer), parts) for status, answer in operation["responses"].items() if status[0] == "2"
    }
    return {
        "method": method,
        "path": path,
        "permission": operation.get("x-permission", ""),
        "parameters": {
            f"{one['in']} {one['name']}": {
                "required": one.get("required", False),
                "schema": _plain(one["schema"], parts),
            }
            for one in operation.get("parameters", [])
        },
        "body": _plain(_json(body), parts),
        "body_required": body.get("required", False),
        "answers": answers,
    }


def _parameter(given: Mapping[str, Any], parts: Mapping[str, Any]) -> Schema:
    return {"required": given.get("required", False), "schema": _plain(given["schema"], parts)}


def _json(holder: Mapping[str, Any]) -> Any:
    return holder.get("content", {}).get("application/json", {}).get("schema", {})


def _plain(schema: Any, parts: Mapping[str, Any], inside: frozenset[str] = frozenset()) -> Any:
    """Without words, references replaced by what they name; one that leads back to itself stays a name."""
    if isinstance(schema, list):
        return [_plain(item, parts, inside) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name:
        return {"$ref": name} if name in inside else _plain(parts[name], parts, inside | {name})
    plain = {key: _plain(value, parts, inside) for key, value in schema.items() if key not in _WORDS | {"properties"}}
    if "properties" in schema:  # their names are nobody's words
        plain["properties"] = {key: _plain(value, parts, inside) for key, value in schema["properties"].items()}
    return plain


def _operation(old: Schema, new: Schema | None) -> Iterator[str]:
    if new is None:
        yield "is gone"
        return
    for name in ("method", "path", "permission"):
        if old[name] != new[name]:
            yield f"{name} {old[name]} became {new[name]}"
    yield from _parameters(old["parameters"], new["parameters"])
    if new["body_required"] and not old["body_required"]:
        yield "a body is required"
    yield from _request(old["body"], new["body"], "body")
    for status, answer in old["answers"].items():
        if status not in new["answers"]:
            yield f"no longer answers {status}"
        else:
            yield from _answer(answer, new["answers"][status], f"answer {status}")


def _parameters(old: Schema, new: Schema) -> Iterator[str]:
    for name, given in old.items():
        if name not in new:
            yield f"parameter {name} is gone"
        else:
            yield from _request(given["schema"], new[name]["schema"], f"parameter {name}")
    for name, wanted in new.items():
        if wanted["required"] and not old.get(name, {}).get("required"):
            yield f"parameter {name} is required"


def _request(old: Schema, new: Schema, at: str) -> Iterator[str]:
    """What used to be accepted must be so still."""
    yield from _branches(old, new, at, _request)
    if old and not new:
        yield f"{at} is no longer read"
    yield from _limits(old, new, at)
    if new.get("pattern") not in (None, old.get("pattern")):
        yield f"{at} has another pattern"
    if "enum" in new and (missing := [value for value in old.get("enum", ["…"]) if value not in new["enum"]]):
        yield f"{at} no longer takes {', '.join(map(str, missing))}"
    yield from _members(old, new, at, _request)
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{at}/{name} is required"


def _answer(old: Schema, new: Schema, at: str) -> Iterator[str]:
    """What used to be there must be there still, and mean the same."""
    yield from _branches(old, new, at, _answer)
    yield from _members(old, new, at, _answer)
    for name in sorted(set(old.get("required", ())) - set(new.get("required", ()))):
        if name in new.get("properties", {}):
            yield f"{at}/{name} is not always there"


def _branches(old: Schema, new: Schema, at: str, compare: Any) -> Iterator[str]:
    """Types and alternatives, these in their order: an answer may not have more of them, a request no fewer."""
    wider, narrower = (new, old) if compare is _request else (old, new)
    is_other = any(old.get(form) != new.get(form) for form in _FORMS if old and (form in old or form in new))
    if is_other or (old and _types(narrower) - _types(wider)):
        yield f"{at} changed its type"
    before, after = _alternatives(old), _alternatives(new)
    if len(after) < len(before) if compare is _request else len(after) > len(before):
        yield f"{at} has other alternatives"
    for one, other in zip(before, after, strict=False):
        yield from compare(one, other, at)
    if "items" in old and "items" in new:
        yield from compare(old["items"], new["items"], f"{at}[]")


def _alternatives(schema: Schema) -> list[Schema]:
    found: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or []
    return found


def _types(schema: Schema) -> set[str]:
    said = schema.get("type", [])
    return {said} if isinstance(said, str) else set(said)


def _members(old: Schema, new: Schema, at: str, compare: Any) -> Iterator[str]:
    for name, member in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            yield f"{at}/{name} is gone"
        else:
            yield from compare(member, new["properties"][name], f"{at}/{name}")


def _limits(old: Schema, new: Schema, at: str) -> Iterator[str]:
    for name in _NOT_LESS:
        if name in new and new[name] < old.get(name, float("inf")):
            yield f"{at} has a smaller {name}"
    for name in _NOT_MORE:
        if name in new and new[name] > old.get(name, float("-inf")):
            yield f"{at} has a larger {name}"
