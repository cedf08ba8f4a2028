"""`manage.py events tail|show|verify|rebuild`: read a log, restore from it, and prove that it is whole and true."""

from __future__ import annotations

import time
from typing import Any, Final

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.events import queries
from apps.events.aggregates import IncompleteStream, rebuild_snapshots, restore, verify
from apps.events.envelope import cloud_event, source_of
from apps.events.integrity import defects
from apps.events.records import StoredEvent
from apps.operations.commandline import Log, add_log_options, at_the_command_line, chosen_logs, shown
from rustok.aggregates import aggregate_of, aggregates
from rustok.progress import ProgressBar, progress
from rustok.upcasting import UnreadableEvent

PAGE: Final = 500
POLL: Final = 0.5  # seconds


class Command(BaseCommand):
    """Looks at event logs."""

    help = "Read an event log, restore aggregates from it, or verify that logs are whole and rows agree with them."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs and their options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="tail|show|verify|rebuild")
        tail = verbs.add_parser("tail", help="print events, oldest first")
        add_log_options(tail, required=True)
        tail.add_argument("--after", type=int, help="after this position (default: the last twenty)")
        tail.add_argument("--type", action="append", default=[], help="only such events, as orders.*; repeatable")
        tail.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
        tail.add_argument("--json", action="store_true", help="one CloudEvent per line")
        show = verbs.add_parser("show", help="restore one aggregate from its events, now or at an earlier version")
        show.add_argument("stream", help="as order-<id>")
        show.add_argument("--version", type=int, dest="until", help="as it was after this version of its stream")
        add_log_options(show, required=True)
        verify = verbs.add_parser("verify", help="check the order of the log, replay every aggregate, compare its rows")
        add_log_options(verify, required=False)
        verify.add_argument("--order-only", action="store_true", help="leave out the replay")
        rebuild = verbs.add_parser("rebuild", help="drop stale snapshots, and take those of long streams anew")
        add_log_options(rebuild, required=False)
        rebuild.add_argument("--dry-run", action="store_true", help="only tell what would be done")
        for verb in (show, verify, rebuild):
            verb.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 on failure."""
        with at_the_command_line():
            getattr(self, f"_{options['verb']}")(options)

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

    def _show(self, options: dict[str, Any]) -> None:
        (log,) = chosen_logs(options)
        kind = aggregate_of(options["stream"])
        if kind is None:
            raise CommandError("no app restores such streams")
        with log.scope():
            try:
                restored = restore(kind, options["stream"], until=options["until"])
            except (IncompleteStream, UnreadableEvent) as error:
                raise CommandError(str(error)) from error
        if restored.state is None:
            raise CommandError("no such stream in this log")
        facts = {"stream": options["stream"], "version": restored.version, "state": restored.state}
        self.stdout.write(orjson.dumps(facts, option=0 if options["json"] else orjson.OPT_INDENT_2).decode())

    def _verify(self, options: dict[str, Any]) -> None:
        logs = chosen_logs(options)
        with progress("verifying logs", total=len(logs)) as bar:
            facts = [_verified(log, bar, replay=not options["order_only"]) for log in logs]
        self.stdout.write(shown(facts, as_json=options["json"]))
        if any(fact["defects"] for fact in facts):
            raise CommandError("the log is not whole, or rows say otherwise")

    def _rebuild(self, options: dict[str, Any]) -> None:
        logs = chosen_logs(options)
        facts = []
        with progress("rebuilding snapshots", total=len(logs)) as bar:
            for log in logs:
                with log.scope():
                    rebuilt = rebuild_snapshots(platform=log.tenant is None, dry_run=options["dry_run"])
                facts.append({"log": log.name, "dropped": rebuilt.dropped, "taken": rebuilt.taken})
                bar.advance(note=log.name)
        self.stdout.write(shown(facts, as_json=options["json"]))


def _verified(log: Log, bar: ProgressBar, *, replay: bool) -> dict[str, Any]:
    with log.scope():
        found, verdicts = defects(), []
        for kind in aggregates(platform=log.tenant is None) if replay else ():
            verdicts.append(verify(kind, advance=lambda events: bar.advance(0, note=f"{log.name}: +{events} events")))
        events = queries.head()
    bar.advance(note=log.name)
    return {
        "log": log.name,
        "events": events,
        "aggregates": sum(verdict.compared for verdict in verdicts),
        "cut": sum(verdict.cut for verdict in verdicts),
        "differing": sum(verdict.differing for verdict in verdicts),
        "defects": found + [text for verdict in verdicts for text in verdict.differences],
    }


def _line(event: StoredEvent, log: Log, *, as_json: bool) -> str:
    if as_json:
        source = source_of(log.tenant.slug if log.tenant else "")
        return orjson.dumps(cloud_event(event, source=source)).decode()
    moment = event.recorded_at.isoformat(timespec="milliseconds")
    return f"{event.position:>8}  {moment}  {event.wire_type:<36} {event.stream} v{event.version}"
