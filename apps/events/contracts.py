"""The published language: a JSON Schema (2020-12) per event type and version, and what may change in it.

A published version never changes its meaning. New members come in as optional ones (a default in the class); anything
else is a new version, with an upcaster from the old one (`rustok.upcasting`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from apps.events.json_types import object_schema
from rustok.events import DomainEvent, event_types

_SAMPLES: Final = {
    "string": "text",
    "integer": 7,
    "number": 1.5,
    "boolean": True,
    "null": None,
    "uuid": "01890000-0000-7000-8000-000000000001",
    "date-time": "2026-01-01T12:00:00+00:00",
    "date": "2026-01-01",
}
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def published() -> dict[str, type[DomainEvent]]:
    """Event classes of the installed apps by wire type, sorted."""
    known = (cls for cls in event_types().values() if cls.__module__.startswith("apps."))
    return dict(sorted((cls.wire_type(), cls) for cls in known))


def schema_of(event: type[DomainEvent]) -> dict[str, Any]:
    """The JSON Schema of an event's `data`."""
    return {"$schema": DIALECT, "$id": f"urn:rustok:event:{event.wire_type()}", **object_schema(event)}


def breaking_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Why readers of the old schema could fail on new events, or readers of the new one on old events; else empty.

    Compared member by member: members may be added as optional ones, and none may be removed, renamed or retyped. One
    that was always there must stay so; one that was not cannot become it, because the log holds events without it.
    """
    return list(_differences(old, new, path=""))


def missing_for(expected: Mapping[str, Any], offered: Mapping[str, Any]) -> list[str]:
    """What a consumer of the `expected` members would miss in an offered schema; empty when it is served.

    More members than expected are welcome; each expected one must be there, always if expected so, and of that type.
    """
    wanted = expected.get("properties", {})
    narrowed = dict(offered)
    if wanted and "properties" in offered:
        narrowed["properties"] = {name: value for name, value in offered["properties"].items() if name in wanted}
        narrowed["required"] = [name for name in offered["required"] if name in expected["required"]]
    return list(_missing(expected, narrowed, path=""))


def _missing(expected: Mapping[str, Any], offered: Mapping[str, Any], path: str) -> Iterator[str]:
    if "items" in expected and "items" in offered:
        yield from (f"{path}[]{what}" for what in missing_for(expected["items"], offered["items"]))
        return
    if "properties" not in expected or "properties" not in offered:
        yield from _differences(expected, offered, path)
        return
    for name, member in expected["properties"].items():
        if name not in offered["properties"] or (name in expected["required"] and name not in offered["required"]):
            yield f"{path}/{name}: is not always there"
        else:
            yield from (f"{path}/{name}{what}" for what in missing_for(member, offered["properties"][name]))


def sample_of(schema: Mapping[str, Any]) -> Any:
    """A value of a schema, the same at every call: what is stored once as the golden sample of a version."""
    if "anyOf" in schema:
        return sample_of(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    if "properties" in schema:
        return {name: sample_of(member) for name, member in schema["properties"].items()}
    if schema.get("type") == "array":
        return [sample_of(schema["items"])]
    return _SAMPLES.get(schema.get("format", schema.get("type", "")), {})


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[str]:
    if "properties" in old and "properties" in new:
        yield from _member_differences(old, new, path)
    elif "items" in old and "items" in new:
        yield from _differences(old["items"], new["items"], f"{path}[]")
    elif _without_texts(old) != _without_texts(new):
        yield f"{path or '/'}: changed its type"


def _member_differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[str]:
    before, after = old["properties"], new["properties"]
    for name, member in before.items():
        if name not in after or (name in old["required"] and name not in new["required"]):
            yield f"{path}/{name}: is not always there any more"
        else:
            yield from _differences(member, after[name], f"{path}/{name}")
    for name in sorted(set(new["required"]) - set(old["required"])):
        yield f"{path}/{name}: is required, but recorded events lack it"


def _without_texts(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in ("title", "description")}
