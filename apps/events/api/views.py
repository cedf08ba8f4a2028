"""`/api/v1/events/`: the log of this host's scope, and the contracts of what stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.events import queries
from apps.events.api.schemas import CloudEventOut, EventSchemaOut, LogQuery
from apps.events.contracts import published, schema_of
from apps.events.envelope import cloud_event, source_of
from apps.events.errors import EventsRemoved
from apps.events.records import StoredEvent
from rustok.api import Call, Endpoint, Page, Query, operation
from rustok.errors.families import NotFound
from rustok.operations import Criticality


class EventCollection(Endpoint):
    """The log."""

    @operation(
        "events.list",
        permission="event:read",
        criticality=Criticality.NORMAL,
        query=LogQuery,
        answer=Page[CloudEventOut],
        errors=(EventsRemoved,),
        summary=_("Read the event log"),
    )
    def get(self, call: Call[None, LogQuery]) -> dict[str, Any]:
        """Oldest first. Positions are dense: who remembers the last one misses nothing and reads nothing twice.

        Where events are kept for a time only, who comes too late for some of them is told so by 410.
        """
        wanted = call.query
        found = queries.events_after(
            wanted.after,
            limit=wanted.page_size,
            event_types=[wanted.type] if wanted.type else (),
            stream=wanted.stream,
        )
        floor = _floor(wanted, found)
        tenant = call.context.tenant
        source = source_of(tenant.slug if tenant else "")
        full = len(found) == wanted.page_size
        return {
            "results": [cloud_event(event, source=source) for event in found],
            "next": _address(call, after=found[-1].position, floor=floor) if full else None,
            "previous": None,
        }


class EventSchemaCollection(Endpoint):
    """The contracts."""

    @operation(
        "event_schemas.list",
        permission="event:read",
        criticality=Criticality.LOW,
        query=Query,
        answer=Page[EventSchemaOut],
        summary=_("List event schemas"),
    )
    def get(self, _call: Call[None, Query]) -> dict[str, Any]:
        """Every event type and version that this release publishes."""
        schemas = [{"type": name, "json_schema": schema_of(event)} for name, event in published().items()]
        return {"results": schemas, "next": None, "previous": None}


class EventSchemaItem(Endpoint):
    """One contract."""

    @operation(
        "event_schemas.retrieve",
        permission="event:read",
        criticality=Criticality.LOW,
        answer=EventSchemaOut,
        errors=(NotFound,),
        summary=_("Retrieve an event schema"),
    )
    def get(self, _call: Call[None, Query], *, wire_type: str) -> dict[str, Any]:
        """By the `type` that events carry, as `orders.order_placed.v1`."""
        return _contract(wire_type)


class EventSchemaVersion(Endpoint):
    """One contract, by type and version."""

    @operation(
        "event_schemas.retrieve_version",
        permission="event:read",
        criticality=Criticality.LOW,
        answer=EventSchemaOut,
        errors=(NotFound,),
        summary=_("Retrieve a version of an event schema"),
    )
    def get(self, _call: Call[None, Query], *, event_type: str, version: int) -> dict[str, Any]:
        """By name and version, as `orders.order_placed` and `1`."""
        return _contract(f"{event_type}.v{version}")


def _contract(wire_type: str) -> dict[str, Any]:
    event = published().get(wire_type)
    if event is None:
        raise NotFound(resource="event schema")
    return {"type": wire_type, "json_schema": schema_of(event)}


def _floor(wanted: LogQuery, found: Sequence[StoredEvent]) -> int:
    """Up to where the log may have holes, asked only where one may have been read over; raises EventsRemoved."""
    begins, is_dense = wanted.after == 0, bool(found) and found[-1].position == wanted.after + len(found)
    if is_dense and not begins and not wanted.gaps:
        return 0
    floor = queries.floor()
    if wanted.after < floor and not begins and not wanted.gaps:
        raise EventsRemoved(floor=floor)
    return floor


def _address(call: Call[None, LogQuery], *, after: int, floor: int) -> str:
    """The next page; below the floor it says that gaps are known."""
    parameters = call.request.GET.copy()
    parameters["after"] = str(after)
    if after < floor:
        parameters["gaps"] = "true"
    else:
        parameters.pop("gaps", None)
    return call.request.build_absolute_uri(f"{call.request.path}?{parameters.urlencode()}")
