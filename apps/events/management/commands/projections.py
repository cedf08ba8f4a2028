"""`manage.py projections status|rebuild|diff|snapshot`: how far read models are, and building them anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.events.projections import Snapshot, projections
from apps.events.projections import rebuilding as service
from apps.events.projections.rebuilding import Comparison
from apps.events.projections.states import ProjectionState, projection_states
from apps.operations.commandline import Log, add_log_options, at_the_command_line, chosen_logs, shown
from rustok.context import current
from rustok.progress import progress


class Command(BaseCommand):
    """Looks after projections."""

    help = "Show how far read models are behind the log; rebuild them beside the live ones, compare, swap."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs and their options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="status|rebuild|diff|snapshot")
        status = verbs.add_parser("status", help="position, lag and refused facts of each projection")
        rebuild = verbs.add_parser("rebuild", help="build anew while writes go on, then swap; repeat it to go on")
        rebuild.add_argument("--seconds", type=float, default=3600.0, help="time limit per projection (default: 3600)")
        rebuild.add_argument("--dry-run", action="store_true", help="build and compare, do not swap")
        rebuild.add_argument("--abandon", action="store_true", help="drop the build that is under way")
        rebuild.add_argument("--snapshot", type=Path, metavar="FILE", help="start from a snapshot instead of the log")
        rebuild.add_argument(
            "--despite-removed", action="store_true", help="also where retention has removed events: rows lack them"
        )
        diff = verbs.add_parser("diff", help="compare the build under way with the live rows")
        snapshot = verbs.add_parser("snapshot", help="write the live rows to a file")
        snapshot.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")
        for verb in (rebuild, diff, snapshot):
            which = verb.add_mutually_exclusive_group(required=True)
            which.add_argument("--projection", metavar="NAME", help="this projection")
            if verb is not snapshot:
                which.add_argument("--all", action="store_true", help="every projection")
            if verb is rebuild:
                which.add_argument("--outdated", action="store_true", help="those of another version than the code's")
        for verb in (status, rebuild, diff, snapshot):
            add_log_options(verb, required=verb is snapshot)
            verb.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 on failure."""
        with at_the_command_line():
            facts = list(getattr(self, f"_{options['verb']}")(options))
        self.stdout.write(shown(facts, as_json=options["json"]))
        if options["verb"] == "diff" and not all(fact["equal"] in (True, None) for fact in facts):
            raise CommandError("the builds differ")

    def _status(self, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for log in _tenants(options):
            with log.scope():
                states = projection_states()
            yield from (_state_facts(log, state) for state in states)

    def _diff(self, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for log in _tenants(options):
            with log.scope():
                for name in _names(options):
                    if not options["all"] or service.state_of(name).shadow is not None:
                        yield _comparison_facts(log, service.compare_builds(name=name, context=current()))

    def _rebuild(self, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for log in _tenants(options):
            with log.scope():
                for name in _names(options):
                    if options["abandon"]:
                        dropped = service.abandon_rebuild(name=name, context=current())
                        service.sweep_builds(name=name)
                        yield {"tenant": log.name, "projection": name, "abandoned": dropped}
                    else:
                        yield _comparison_facts(log, _rebuilt(log, name, options))

    def _snapshot(self, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
        (log,) = _tenants(options)
        with log.scope():
            taken, position = service.take_snapshot(name=options["projection"], context=current())
        document = asdict(taken) | {"position": position, "digest": taken.digest, "log": log.id}
        options["out"].write_bytes(orjson.dumps(document))
        yield {
            "tenant": log.name,
            "projection": taken.projection,
            "position": position,
            "rows": sum(map(len, taken.rows.values())),
            "digest": taken.digest,
        }


def _tenants(options: dict[str, Any]) -> list[Log]:
    """The chosen logs; the platform has no read models."""
    if options["platform"]:
        raise CommandError("the platform's log has no read models; name a tenant")
    return [log for log in chosen_logs(options) if log.tenant is not None]


def _names(options: dict[str, Any]) -> list[str]:
    if options["projection"]:
        return [options["projection"]]
    if options.get("outdated"):
        return [state.name for state in projection_states() if state.is_outdated]
    return [projection.name for projection in projections()]


def _rebuilt(log: Log, name: str, options: dict[str, Any]) -> Comparison:
    """Start or go on, catch up, compare, and swap unless it is a dry run."""
    snapshot, after = _read(options["snapshot"], log) if options["snapshot"] else (None, 0)
    shadow = service.start_rebuild(
        name=name, context=current(), snapshot=snapshot, after=after, despite_removed=options["despite_removed"]
    )
    with progress(f"{log.name} {name}", total=shadow.head, stream=sys.stderr) as bar:

        def told(build: Any) -> None:
            bar.total = build.head
            bar.advance(max(0, build.reached - bar.done))

        if not service.catch_up(name=name, seconds=options["seconds"], told=told):
            raise CommandError(f"time ran out; the rebuild of {name} goes on when the command is repeated")
    if options["dry_run"]:
        return service.compare_builds(name=name, context=current())
    found = service.swap_builds(name=name, context=current())
    service.sweep_builds(name=name)
    return found


def _read(path: Path, log: Log) -> tuple[Snapshot, int]:
    try:
        document = orjson.loads(path.read_bytes())
        rows = {str(table): tuple(map(str, lines)) for table, lines in document["rows"].items()}
        snapshot = Snapshot(str(document["projection"]), int(document["version"]), rows)
        intact = snapshot.digest == document["digest"]
        position, taken_of = int(document["position"]), str(document["log"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError(f"{path} is no snapshot: {type(error).__name__}") from error
    if not intact:
        raise CommandError(f"{path} was changed after it was written")
    if taken_of != str(log.id):
        raise CommandError(f"{path} was taken of another log than {log.name}'s")
    return snapshot, position


def _state_facts(log: Log, state: ProjectionState) -> dict[str, Any]:
    live, shadow = state.live, state.shadow
    return {
        "tenant": log.name,
        "projection": state.name,
        "version": state.version,
        "outdated": state.is_outdated,
        "position": live.position if live else 0,
        "head": live.head if live else 0,
        "lag_seconds": round(state.lag_seconds, 1),
        "parked": live.parked if live else 0,
        "dead": live.dead if live else 0,
        "rebuilding": shadow.reached if shadow else None,
    }


def _comparison_facts(log: Log, found: Comparison) -> dict[str, Any]:
    diffs = found.diffs or ()
    return {
        "tenant": log.name,
        "projection": found.projection,
        "position": found.position,
        "equal": found.is_equal,
        "rows": sum(diff.shadow for diff in diffs),
        "added": sum(diff.added for diff in diffs),
        "missing": sum(diff.missing for diff in diffs),
        "changed": sum(diff.changed for diff in diffs),
        "swapped": found.swapped,
        "samples": [list(pair) for diff in diffs for pair in diff.samples],
    }
