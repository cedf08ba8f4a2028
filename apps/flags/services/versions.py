"""The version of all flags: moved once by every change, in its transaction, so that no process misses one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import F

from apps.flags import evaluation, hints
from apps.flags.models import Revision
from apps.tenants.isolation import platform_scope
from rustok.context import ExecutionContext, use
from rustok.db.transactions import UnitOfWork, unit_of_work


@contextmanager
def flag_change(context: ExecutionContext) -> Iterator[UnitOfWork]:
    """A block of a unit of work in the shared schema. Audit after it, so that the entry is in the context's log.

    Writers of flags are serial from here on: the version's row is locked first. After the commit this process looks at
    once, the others within the poll's interval, sooner when the hint arrives.
    """
    with use(context), unit_of_work() as uow:
        uow.flush()
        with platform_scope("flags live in the shared schema"):
            Revision.objects.update(version=F("version") + 1)
            yield uow
        uow.after_commit(_tell)


def _tell() -> None:
    evaluation.poller().refresh()
    hints.announce()
