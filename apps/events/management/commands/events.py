"""`manage.py events tail|verify`: read a log, and prove that its order is whole."""

from __future__ import annotations

import time
from typing import Any, Final

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.events import queries
from apps.events.envelope import cloud_event, source_of
from apps.events.integrity import defects
from apps.events.management.logs import Log, add_log_options, at_the_command_line, chosen_logs, shown
from apps.events.records import StoredEvent

PAGE: Final = 500
POLL: Final = 0.5  # seconds


class Command(BaseCommand):
    """Looks at event logs."""

    help = "Read an event log, or verify that logs are dense and in order."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs and their options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="tail|verify")
        tail = verbs.add_parser("tail", help="print events, oldest first")
        add_log_options(tail, required=True)
        tail.add_argument("--after", type=int, help="after this position (default: the last twenty)")
        tail.add_argument("--type", action="append", default=[], help="only such events, as orders.*; repeatable")
        tail.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
        tail.add_argument("--json", action="store_true", help="one CloudEvent per line")
        verify = verbs.add_parser("verify", help="check positions and versions; fails when something is wrong")
        add_log_options(verify, required=False)
        verify.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 on failure."""
        with at_the_command_line():
            if options["verb"] == "tail":
                self._tail(options)
            else:
                self._verify(options)

    def _tail(self, options: dict[str, Any]) -> None:
        (log,) = chosen_logs(options)
        after = options["after"]
        if after is None:
            with log.scope():
                after = max(0, queries.head() - 20)
        try:
            while True:
                after, more = self._page(log, after, options)
                if not more and not options["follow"]:
                    return
                if not more:
                    time.sleep(POLL)
        except KeyboardInterrupt:
            return

    def _page(self, log: Log, after: int, options: dict[str, Any]) -> tuple[int, bool]:
        with log.scope():
            found = queries.events_after(after, limit=PAGE, event_types=options["type"])
        for event in found:
            self.stdout.write(_line(event, log, as_json=options["json"]))
        return (found[-1].position, len(found) == PAGE) if found else (after, False)

    def _verify(self, options: dict[str, Any]) -> None:
        facts = []
        for log in chosen_logs(options):
            with log.scope():
                facts.append({"log": log.name, "events": queries.head(), "defects": defects()})
        self.stdout.write(shown(facts, as_json=options["json"]))
        if any(fact["defects"] for fact in facts):
            raise CommandError("the log is not whole")


def _line(event: StoredEvent, log: Log, *, as_json: bool) -> str:
    if as_json:
        source = source_of(log.tenant.slug if log.tenant else "")
        return orjson.dumps(cloud_event(event, source=source)).decode()
    moment = event.recorded_at.isoformat(timespec="milliseconds")
    return f"{event.position:>8}  {moment}  {event.wire_type:<36} {event.stream} v{event.version}"
