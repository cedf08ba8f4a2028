"""Building a read model anew, for the console; the work is `apps.events.projections.rebuilding`'s."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from apps.events.errors import NothingToSwap, RebuildNotReady
from apps.events.projections import rebuilding
from apps.events.projections.states import Build
from rustok.context import ExecutionContext, current
from rustok.telemetry.logging import log_event

_MACHINE: Final = frozenset({rebuilding.PERMISSION})


def start(*, name: str, context: ExecutionContext) -> Build:
    """Begin, or go on with, a rebuild beside the live rows. Needs `projection:rebuild`. Raises UnknownProjection."""
    return rebuilding.start_rebuild(name=name, context=context)


def go_on(*, name: str, seconds: float) -> bool:
    """Feed the rebuild for so long and let it take over when it has caught up; True when there is no more to do.

    Runs as the machine that called it: who may ask for a rebuild was checked when it started.
    """
    try:
        if not rebuilding.catch_up(name=name, seconds=seconds):
            return False
        found = rebuilding.swap_builds(name=name, context=replace(current(), permissions=_MACHINE))
    except NothingToSwap:
        return True  # another task, or a command, has finished it
    except RebuildNotReady as error:
        log_event("projection.rebuild_waits", level=logging.WARNING, **error.context)
        return bool(error.context["refused"])  # facts that cannot be counted: somebody has to look
    log_event("projection.swapped", projection=name, position=found.position, equal=found.is_equal)
    rebuilding.sweep_builds(name=name)
    return True
