"""`/api/v1/events/`."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.events.api.schemas import LogPage, LogQuery
from apps.events.envelope import cloud_event, source_of
from apps.events.queries import events_after
from rustok.api import Call, Endpoint, operation
from rustok.operations import Criticality


class EventLog(Endpoint):
    """The log of the host's tenant, or the platform's own."""

    @operation(
        "events.read",
        permission="event:read",
        criticality=Criticality.NORMAL,
        query=LogQuery,
        answer=LogPage,
        summary=_("Read the event log"),
    )
    def get(self, call: Call[None, LogQuery]) -> dict[str, Any]:
        """Events behind a position as CloudEvents 1.0, in order. Costs one query."""
        given = call.query
        wanted = (given.type,) if given.type else ()
        found = events_after(given.after, limit=given.page_size + 1, stream=given.stream, event_types=wanted)
        more, found = len(found) > given.page_size, found[: given.page_size]
        source = source_of(call.context.tenant.slug if call.context.tenant else "")
        last = found[-1].position if found else given.after
        return {
            "results": [cloud_event(event, source=source) for event in found],
            "next": _address(call, last) if more else None,
            "last_position": last,
        }


def _address(call: Call[None, LogQuery], last: int) -> str:
    query = call.request.GET.copy()
    query["after"] = str(last)
    return call.request.build_absolute_uri(f"{call.request.path}?{query.urlencode()}")
