"""A worker's application with one small task, for `celery -A tests.support.traced_tasks`. Not imported by tests."""

import os

from rustok.celery import app, task
from rustok.operations import INTERNAL, Criticality
from rustok.telemetry import span

app.conf.task_default_queue = os.environ["TRACED_QUEUE"]


@task(name="tests.traced", permission=INTERNAL, criticality=Criticality.LOW)
def traced(*, number: int) -> None:
    """One span inside the span of the task."""
    with span("inside", number=number):
        pass
