"""One outbox library relaying: `python outbox_peer.py LIBRARY DATABASE_URL EVENTS PORT`.

With PORT 0 to a sink that does nothing, else by POST to that port of this machine, over one kept connection. Run by
`bench_relay` and `bench_webhooks` in a virtual environment of its own; prints the seconds that the library's relay
needed. Everything is in the library's favour: no waiting between batches, no broker, rows of the platform's size.
"""

from __future__ import annotations

import importlib
import sys
import time
import types
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import unquote, urlsplit

BODY = {"thing": "caught-1", "n": 1}
POSTED = b'{"specversion":"1.0","data":{"thing":"a","n":1}}' * 8
LINK: HTTPConnection | None = None


class NoConnection:
    """A STOMP connection that accepts everything."""

    def __init__(self, **_options: Any) -> None:
        """Take what a real one takes."""

    def is_connected(self) -> bool:
        """Always."""
        return True

    def send(self, **_message: Any) -> None:
        """Accept."""
        sink()

    def disconnect(self) -> None:
        """Nothing to do."""


def nothing(*_arguments: Any, **_options: Any) -> None:
    """Do nothing, whatever the library hands over."""


def sink(*_arguments: Any, **_options: Any) -> None:
    """Take one event: post it, or do nothing."""
    if LINK is not None:
        LINK.request("POST", "/", POSTED)
        LINK.getresponse().read()


def main(library: str, url: str, events: int) -> float:
    """Create the library's tables, fill them, relay everything; seconds of the last step."""
    sys.modules["peer"] = module = types.ModuleType("peer")
    module.NoConnection = NoConnection  # type: ignore[attr-defined]
    module.sink = sink  # type: ignore[attr-defined]
    sink.__module__ = "peer"
    set_up(library, url)
    fill, relay, left = {
        "django-outbox-pattern": outbox_pattern,
        "django-jaiminho": jaiminho,
        "django-celery-outbox": celery_outbox,
    }[library](events)
    fill()
    started = time.perf_counter()
    while left():
        relay()
    return time.perf_counter() - started


def set_up(library: str, url: str) -> None:
    """Minimal settings with the library and its tables."""
    django = importlib.import_module("django")
    conf = importlib.import_module("django.conf")
    parts = urlsplit(url)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname,
        "PORT": parts.port,
    }
    app = {"django-jaiminho": "jaiminho"}.get(library, library.replace("-", "_"))
    conf.settings.configure(
        SECRET_KEY="benchmark",
        USE_TZ=True,
        DATABASES={"default": database},
        INSTALLED_APPS=[app],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        LOGGING_CONFIG=None,
        DJANGO_OUTBOX_PATTERN={"DEFAULT_CONNECTION_CLASS": "peer.NoConnection", "DEFAULT_PRODUCER_WAITING_TIME": 0},
        JAIMINHO_CONFIG={"DEFAULT_CAPTURE_EXCEPTION": nothing},
        CELERY_OUTBOX_APP="peer.app",
    )
    importlib.import_module("logging").disable()
    django.setup()
    importlib.import_module("django.core.management").call_command("migrate", verbosity=0)


Peer = tuple[Callable[[], Any], Callable[[], Any], Callable[[], bool]]


def outbox_pattern(events: int) -> Peer:
    """The loop of its command `publish`."""
    models = importlib.import_module("django_outbox_pattern.models")
    producer = importlib.import_module("django_outbox_pattern.factories").factory_producer()
    rows = models.Published.objects

    def fill() -> None:
        rows.bulk_create(models.Published(destination="things", body=BODY) for _ in range(events))

    return fill, producer.publish_message_from_database, lambda: rows.filter(status=1).exists()


def jaiminho(events: int) -> Peer:
    """The loop of its command `events_relay`."""
    dill = importlib.import_module("dill")
    models = importlib.import_module("jaiminho.models")
    relayer = importlib.import_module("jaiminho.relayer").EventRelayer()
    rows = models.Event.objects
    message, function = dill.dumps((BODY,)), dill.dumps(sink)

    def fill() -> None:
        made = [models.Event(message=message, function=function) for _ in range(events)]
        for event in made:
            event.signature = event._generate_event_signature()  # what its `save` does, which a bulk insert leaves out
        rows.bulk_create(made)

    return fill, relayer.relay, lambda: rows.filter(sent_at__isnull=True).exists()


def celery_outbox(events: int) -> Peer:
    """The loop of its command `celery_outbox_relay`, with its default batch."""
    celery = importlib.import_module("celery").Celery("peer", broker="memory://")
    celery.amqp.send_task_message = sink
    importlib.import_module("structlog").configure(
        wrapper_class=importlib.import_module("structlog").make_filtering_bound_logger(50)
    )
    relaying = importlib.import_module("django_celery_outbox.relay")
    models = importlib.import_module("django_celery_outbox.models")
    relay = relaying.Relay(app=celery, config=relaying.RelayConfig.init(idle_time=0.001))
    rows = models.CeleryOutbox.objects

    def fill() -> None:
        rows.bulk_create(
            models.CeleryOutbox(task_id=str(n), task_name="things.poked", kwargs=BODY) for n in range(events)
        )

    return fill, relay._processing, rows.exists


if __name__ == "__main__":
    if sys.argv[4] != "0":
        LINK = HTTPConnection("127.0.0.1", int(sys.argv[4]))
    print(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
