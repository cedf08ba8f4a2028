"""`manage.py transports status|enrol|tail|replay|forget`: the brokers that events are published to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.events import enrolment, queries, services
from apps.events.transports.brokers import BrokerDown, NoPosition, opening
from apps.events.transports.destinations import Destination, destinations, find, ping_all
from apps.events.transports.relaying import NAME as BROKER
from apps.operations.commandline import add_log_options, at_the_command_line, chosen_logs, shown
from rustok.audit import AuditEntry
from rustok.db.transactions import unit_of_work

TIMEOUT: Final = 5.0  # seconds for one broker


class Command(BaseCommand):
    """Looks after the destinations of RUSTOK_TRANSPORTS."""

    help = "Show the configured brokers, read their topics, publish again from the log, end a publication."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs and their options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="status|enrol|tail|replay|forget")
        status = verbs.add_parser("status", help="every configured broker, and whether it answers")
        enrol = verbs.add_parser("enrol", help="publish every wanted log, also those in which nothing happens now")
        tail = verbs.add_parser("tail", help="print messages of a topic, or its dead letters; changes nothing")
        tail.add_argument("--partition", type=int, default=0, help="of this partition (default: 0)")
        tail.add_argument("--after", help="after this position of the broker")
        tail.add_argument("--since", type=_moment, help="from this moment on, as 2026-11-23T01:00:00Z")
        tail.add_argument("--dead", action="store_true", help="the dead letters")
        tail.add_argument("--limit", type=int, default=20, help="at most so many (default: 20)")
        replay = verbs.add_parser("replay", help="publish the events of one log again")
        replay.add_argument("--after", type=int, help="those after this position of the log; 0 is everything")
        replay.add_argument("--since", type=_moment, help="those recorded at or after this moment")
        forget = verbs.add_parser("forget", help="end the publication of logs: their cursors are dropped")
        for verb in (tail, replay, forget):
            verb.add_argument("name", help="the broker's name in RUSTOK_TRANSPORTS")
        for verb in (replay, forget):
            add_log_options(verb, required=verb is replay)
        for verb in (status, enrol, tail, replay, forget):
            verb.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 on failure."""
        try:
            with at_the_command_line():
                facts = getattr(self, f"_{options['verb']}")(options)
        except BrokerDown as error:
            raise CommandError(f"the broker does not serve us: {error}") from error
        except NoPosition as error:
            raise CommandError(f"--after: {error}") from error
        self.stdout.write(shown(facts, as_json=options["json"]))

    def _status(self, _options: dict[str, Any]) -> list[dict[str, Any]]:
        wrong = ping_all(timeout=TIMEOUT)
        return [
            {
                "name": one.name,
                "kind": one.url.partition(":")[0],
                "topic": one.settings.topic,
                "partitions": one.settings.partitions,
                "key": one.settings.key,
                "answers": one.name not in wrong,
                "problem": wrong.get(one.name, ""),
            }
            for one in destinations()
        ]

    def _enrol(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        facts = []
        for log in chosen_logs(options):
            with log.scope():
                enrolment.ensure_subscribers(tenant_id=log.id)
                services.wake(tenant_id=log.id)
                names = [state.name for state in queries.subscription_states() if state.transport == BROKER]
                facts += [{"log": log.name, "subscription": name} for name in names]
        return facts

    def _tail(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        destination = _known(options["name"])
        broker = opening.connect(destination.url, destination.topology, timeout=TIMEOUT)
        try:
            if options["dead"]:
                found = broker.dead(limit=options["limit"], timeout=TIMEOUT)
            else:
                found = broker.read(
                    options["partition"],
                    after=options["after"],
                    since=options["since"],
                    limit=options["limit"],
                    timeout=TIMEOUT,
                )
        finally:
            broker.close()
        return [{"position": message.position, **message.headers, "event": message.body.decode()} for message in found]

    def _replay(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        if (options["after"] is None) == (options["since"] is None):
            raise CommandError("say from where: --after POSITION or --since MOMENT")
        (log,) = chosen_logs(options)
        with log.scope(), unit_of_work() as uow:
            subscription = _subscription(options["name"])
            after = options["after"] if options["since"] is None else queries.position_before(options["since"])
            services.replay(subscription_id=subscription, after=after)
            uow.audit(AuditEntry(action="event:replay", target=options["name"], details={"after": after}))
            return [{"log": log.name, "after": after, "events": max(0, queries.head() - after)}]

    def _forget(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        if find(options["name"]) is not None:
            raise CommandError(f"{options['name']} is still configured: take it out of RUSTOK_TRANSPORTS first")
        facts = []
        for log in chosen_logs(options):
            with log.scope(), unit_of_work() as uow:
                for state in _states(options["name"]):
                    services.unsubscribe(subscription_id=state.id)
                    uow.audit(AuditEntry(action="event:unsubscribe", target=options["name"]))
                    facts.append({"log": log.name, "subscription": state.name, "unsent": state.waiting})
        return facts


def _moment(text: str) -> datetime:
    """A moment; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _known(name: str) -> Destination:
    destination = find(name)
    if destination is None:
        raise CommandError(f"RUSTOK_TRANSPORTS names no {name}")
    return destination


def _states(name: str) -> list[queries.SubscriptionState]:
    return [state for state in queries.subscription_states() if state.name == f"{BROKER}:{name}"]


def _subscription(name: str) -> UUID:
    for state in _states(name):
        return state.id
    raise CommandError(f"this log is not published to {name}")
