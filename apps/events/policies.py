"""The log and what could not be delivered from it belong to the shop. Projections are steered, they have no rows."""

from __future__ import annotations

from typing import Final

from rustok.policy import Policy, Resource, register

_EVENT: Final = Resource("event", verbs=("redrive",))
EVENT: Final = Policy(resource=_EVENT, model="events.Event")
DEAD_LETTER: Final = Policy(resource=_EVENT, model="events.DeadLetter")
PROJECTION: Final = Policy(resource=Resource("projection", verbs=("rebuild",)))

register(EVENT, DEAD_LETTER, PROJECTION)
