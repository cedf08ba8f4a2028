"""The Celery application and the one way to declare a task.

    @task(name="events.deliver", permission=INTERNAL, criticality=Criticality.HIGH)
    def deliver(*, tenant: str, subscription: str) -> None: ...

Tasks take keyword ids only, open their own tenant scope, are short, and are safe to run twice. They run with an
execution context of their own (actor `system:<task>`); without `tenant_scope` they reach no tenant data. A task
that the service mode leaves out is not run: its work lies in the database, and a later beat finds it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, cast

from celery import Celery
from celery.signals import setup_logging, worker_process_shutdown, worker_shutdown

from rustok import context
from rustok.config import config
from rustok.operations import Criticality, Operation, declare
from rustok.resilience.degradation import controller
from rustok.task_tracing import TracedTask, arriving_trace, described
from rustok.telemetry import provider
from rustok.telemetry.logging import log_event
from rustok.telemetry.metrics import observe_task
from rustok.telemetry.tracing import Kind, span

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")

app = Celery("rustok", task_cls=TracedTask)
app.conf.update(
    broker_url=config().broker_url.get_secret_value(),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 60,  # tasks are short; a killed worker's messages come back within about this time
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
    },
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_acks_late=False,  # the database remembers the work; a lost message costs one sweep interval, not an event
    task_serializer="json",
    accept_content=["json"],
    task_publish_retry=False,
    task_default_expires=30,
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    enable_utc=True,
    timezone="UTC",
    beat_schedule_filename=str(config().data_dir / "beat-schedule"),
)
app.autodiscover_tasks()


class RegisteredTask(Protocol):
    """What callers may do with a declared task."""

    name: str

    def __call__(self, **kwargs: Any) -> Any:
        """Run it here and now."""

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        """Send it to a worker."""

    def delay(self, **kwargs: Any) -> Any:
        """Send it to a worker with default options."""


def task(
    *,
    name: str,
    permission: str,
    criticality: Criticality,
    every: float | None = None,
    writes: bool = True,
    **options: Any,
) -> Callable[[Callable[..., Any]], RegisteredTask]:
    """Declare a task with its permission and criticality; `every` (seconds) also puts it on the beat schedule."""
    operation = declare(
        Operation(name=name, kind="task", permission=permission, criticality=criticality, writes=writes)
    )

    def decorate(function: Callable[..., Any]) -> RegisteredTask:
        @wraps(function)
        def run(**kwargs: Any) -> Any:
            if not controller().permits(operation):
                log_event("task.withheld", task=name, mode=controller().mode.word)
                observe_task(task=name, outcome="withheld", seconds=0.0)
                return None
            fresh = context.ExecutionContext(actor=context.system_actor(name), trace=arriving_trace(every))
            started, outcome = time.perf_counter(), "failed"
            try:
                with context.use(fresh), span(f"run {name}", kind=Kind.CONSUMER, about=described(name), door=True):
                    answer = function(**kwargs)
                outcome = "done"
                return answer
            finally:
                observe_task(task=name, outcome=outcome, seconds=time.perf_counter() - started)

        if every is not None:
            app.conf.beat_schedule[name] = {"task": name, "schedule": every, "options": {"expires": max(every, 2.0)}}
        register: Any = app.task  # typed upstream without its return value
        return cast("RegisteredTask", register(name=name, **options)(run))

    return decorate


@setup_logging.connect(weak=False)
def _keep_our_logging(**_kwargs: Any) -> None:
    """Stop Celery from configuring logging: Django's settings did it."""


@worker_shutdown.connect(weak=False)
@worker_process_shutdown.connect(weak=False)
def _send_spans(**_facts: Any) -> None:
    """Children of prefork workers end without Python's exit hooks: what they have observed is sent here (trap 40)."""
    provider.flush()
