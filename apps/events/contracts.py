"""The published language: a JSON Schema (2020-12) per event type and version, and what may change in it.

A published version never changes its meaning. New members come in as optional ones; anything else is a new version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from apps.events.json_types import object_schema
from rustok.events import DomainEvent, event_types

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def published() -> dict[str, type[DomainEvent]]:
    """Event classes of the installed apps by wire type, sorted."""
    known = (cls for cls in event_types().values() if cls.__module__.startswith("apps."))
    return dict(sorted((cls.wire_type(), cls) for cls in known))


def schema_of(event: type[DomainEvent]) -> dict[str, Any]:
    """The JSON Schema of an event's `data`."""
    return {"$schema": DIALECT, "$id": f"urn:rustok:event:{event.wire_type()}", **object_schema(event)}


def breaking_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Why readers of the old schema could fail on the new one; empty when they cannot.

    Compared member by member: members may be added, not removed or changed, and one that was always there must stay so.
    """
    return list(_differences(old, new, path=""))


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[str]:
    if "properties" in old and "properties" in new:
        yield from _member_differences(old, new, path)
    elif "items" in old and "items" in new:
        yield from _differences(old["items"], new["items"], f"{path}[]")
    elif _without_texts(old) != _without_texts(new):
        yield f"{path or '/'}: changed its type"


def _member_differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[str]:
    after = new["properties"]
    for name, member in old["properties"].items():
        if name not in after or (name in old["required"] and name not in new["required"]):
            yield f"{path}/{name}: is not always there any more"
        else:
            yield from _differences(member, after[name], f"{path}/{name}")


def _without_texts(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in ("title", "description")}
