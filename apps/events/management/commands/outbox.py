"""`manage.py outbox status|drain|dlq|redrive|prune`: what waits, what could not be delivered, what may go."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.events import queries, services
from apps.events.letters import LEAST_PER_SECOND, MOST_PER_SECOND, Chosen
from apps.events.models import DeadLetter
from apps.events.relay import stopping
from apps.events.relay.rounds import drain
from apps.events.retention import prune
from apps.operations.commandline import add_log_options, at_the_command_line, chosen_logs, shown
from rustok.tenant_config import tenant_config


class Command(BaseCommand):
    """Looks after deliveries."""

    help = "Show and drain what waits to be delivered; list and redrive dead letters; prune old events."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs and their options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="status|drain|dlq|redrive|prune")
        status = verbs.add_parser("status", help="every subscription with its backlog")
        draining = verbs.add_parser("drain", help="number and deliver here until nothing is due")
        draining.add_argument("--seconds", type=float, default=60.0, help="time limit (default: 60)")
        letters = verbs.add_parser("dlq", help="the dead letters of one log")
        redrive = verbs.add_parser("redrive", help="try dead letters of one log again")
        redrive.add_argument("--dry-run", action="store_true", help="only show what would be tried")
        redrive.add_argument("--all", action="store_true", help="every dead letter of the log")
        redrive.add_argument("--per-second", type=float, help="so many tries a second (default: all at once)")
        pruning = verbs.add_parser("prune", help="remove old events that every subscription has")
        pruning.add_argument("--days", type=int, help="older than this (default: event_retention_days)")
        pruning.add_argument("--dry-run", action="store_true", help="only show what would be removed")
        for verb in (letters, redrive):
            verb.add_argument("--id", type=UUID, nargs="+", action="extend", help="these dead letters")
            verb.add_argument("--type", help="events of this type, as orders.order_placed.v1")
            verb.add_argument("--subscription", help="of this subscription")
            verb.add_argument("--from-position", type=int, help="first position of a range")
            verb.add_argument("--to-position", type=int, help="last position of a range")
        for verb in (status, draining, letters, redrive, pruning):
            add_log_options(verb, required=verb in (letters, redrive))
            verb.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 on failure."""
        with at_the_command_line():
            facts = getattr(self, f"_{options['verb']}")(options)
        self.stdout.write(shown(facts, as_json=options["json"]))

    def _status(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        facts: list[dict[str, Any]] = []
        for log in chosen_logs(options):
            with log.scope():
                facts += [
                    {
                        "log": log.name,
                        "subscription": state.name,
                        "status": state.status,
                        "cursor": state.cursor,
                        "waiting": state.waiting,
                        "oldest_seconds": round(state.oldest_seconds, 1),
                        "parked": state.parked,
                        "dead": state.dead,
                    }
                    for state in queries.subscription_states()
                ]
        return facts

    def _drain(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        named = options["tenant"] or options["platform"]
        log_id = chosen_logs(options)[0].id if named else None
        with _stopping_in_order():
            report = drain(seconds=options["seconds"], tenant_id=log_id)
            if stopping.requested():
                raise CommandError(f"stopped after {report.delivered} deliveries; what is left was handed back")
        if report.left_over:
            raise CommandError(f"time ran out after {report.delivered} deliveries; more is due")
        counted = ("numbered", "delivered", "parked", "dead")
        return [{name: getattr(report, name) for name in counted}]

    def _dlq(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        (log,) = chosen_logs(options)
        with log.scope():
            return [_letter_facts(letter) for letter in _chosen(options, every=True).rows()]

    def _redrive(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        chosen, rate = _chosen(options, every=options["all"]), options["per_second"]
        if rate is not None and not LEAST_PER_SECOND <= rate <= MOST_PER_SECOND:
            raise CommandError(f"--per-second takes {LEAST_PER_SECOND:g} to {MOST_PER_SECOND:g}")
        (log,) = chosen_logs(options)
        with log.scope():
            if options["dry_run"]:
                return [_letter_facts(letter) for letter in chosen.rows()]
            return [{"redriven": services.redrive(chosen=chosen, per_second=rate).redriven}]

    def _prune(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        facts = []
        for log in chosen_logs(options):
            with log.scope():
                days = tenant_config().event_retention_days if options["days"] is None else options["days"]
                if not 1 <= days <= 36_500:
                    raise CommandError("say how old: --days 1 to 36500, or configure event_retention_days")
                facts.append({"log": log.name, **asdict(prune(days=days, chunks=1_000, dry_run=options["dry_run"]))})
        return facts


@contextmanager
def _stopping_in_order() -> Iterator[None]:
    """SIGTERM inside the block ends the turn under way in order; only where Python lets signals be handled."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: stopping.request())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        stopping.withdraw()


def _chosen(options: dict[str, Any], *, every: bool) -> Chosen:
    return Chosen(
        ids=options["id"],
        event_type=options["type"],
        subscription=options["subscription"],
        first=options["from_position"],
        last=options["to_position"],
        every=every,
    )


def _letter_facts(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": str(letter.pk),
        "subscription": letter.subscription.name,
        "event": str(letter.event_id),
        "type": letter.type,
        "stream": letter.stream,
        "position": letter.position,
        "attempts": letter.attempts,
        "died_at": letter.died_at.isoformat(timespec="seconds"),
        "reason": letter.reason,
    }
