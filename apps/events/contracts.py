"""The published language: a JSON Schema (2020-12) per event type and version, and what may change in it.

A published version never changes its meaning. New members come in as optional ones; anything else is a new version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from rustok.events import DomainEvent, event_types

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def published() -> dict[str, type[DomainEvent]]:
    """Event classes of the installed apps by wire type, sorted."""
    known = (cls for cls in event_types().values() if cls.__module__.startswith("apps."))
    return dict(sorted((cls.wire_type(), cls) for cls in known))


def schema_of(event: type[DomainEvent]) -> dict[str, Any]:
    """The JSON Schema of an event's `data`."""
    schema = TypeAdapter(event).json_schema(mode="serialization")
    return {"$schema": DIALECT, "$id": f"urn:rustok:event:{event.wire_type()}", **schema}


def breaking_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Why readers of the old schema could fail on the new one; empty when they cannot.

    Compared member by member through local definitions: members may be added, not removed or changed, and one that was
    always there must stay so.
    """
    return list(_differences(_resolved(old, old), _resolved(new, new), path=""))


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[str]:
    before, after = old.get("properties"), new.get("properties")
    if before is None or after is None:
        if _meaning(old) != _meaning(new):
            yield f"{path or '/'}: changed its type"
        return
    for name in sorted(set(old.get("required", ())) - set(new.get("required", ()))):
        yield f"{path}/{name}: is no longer always there"
    for name, member in before.items():
        if name not in after:
            yield f"{path}/{name}: is gone"
        else:
            yield from _differences(member, after[name], f"{path}/{name}")


def _meaning(schema: Any) -> Any:
    """What a reader relies on: everything but texts and defaults."""
    if isinstance(schema, Mapping):
        return {k: _meaning(v) for k, v in schema.items() if k not in ("title", "description", "default", "$defs")}
    if isinstance(schema, list):
        return [_meaning(item) for item in schema]
    return schema


def _resolved(schema: Any, root: Mapping[str, Any]) -> Any:
    """The schema with local references replaced; event data do not recurse."""
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            return _resolved(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
        return {name: _resolved(value, root) for name, value in schema.items() if name != "$defs"}
    if isinstance(schema, list):
        return [_resolved(item, root) for item in schema]
    return schema
