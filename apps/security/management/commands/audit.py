"""`manage.py audit verify|export|status|key|shred|prune`: prove the audit log whole, take it away, let parts go."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.operations.commandline import Log, add_log_options, at_the_command_line, chosen_logs, shown
from apps.security.chain import verifier
from apps.security.chain.checkpoints import checkpoint, checkpoint_file
from apps.security.chain.export import export_page, loose_entries, sealed_entries, signed_entries
from apps.security.chain.keys import key_file, key_id, public_pem
from apps.security.chain.retention import prune, pruned_entries
from apps.security.chain.sealing import seal, this_log
from apps.security.chain.shredding import shred
from rustok.config import config
from rustok.context import current
from rustok.progress import progress

WHOLE: Final = "the audit log is not whole"


class Command(BaseCommand):
    """Looks after audit logs."""

    help = "Verify, export or describe audit logs; print the public key that verifies them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs and their options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="verify|export|status|key|shred|prune")
        verify = verbs.add_parser("verify", help="check every hash and checkpoint; fails when one is wrong")
        export = verbs.add_parser("export", help="write the log as JSON Lines, with its checkpoints if wanted")
        status = verbs.add_parser("status", help="count entries, sealed and loose")
        verbs.add_parser("key", help="print the public key (PEM)")
        shred_verb = verbs.add_parser("shred", help="destroy the key of a person's data in a log, for ever")
        prune_verb = verbs.add_parser("prune", help="move old entries to sealed files, up to a signed checkpoint")
        for verb in (verify, export, status, shred_verb, prune_verb):
            add_log_options(verb, required=verb in {export, shred_verb})
        for verb in (verify, status, shred_verb, prune_verb):
            verb.add_argument("--json", action="store_true", help="print facts as JSON")
        export.add_argument("--output", type=Path, help="the file to write (default: standard output)")
        export.add_argument("--checkpoints", type=Path, help="also copy the checkpoints to this file")
        shred_verb.add_argument("--subject", required=True, help="the person, as in customer:<id> or user:<id>")
        shred_verb.add_argument("--reason", default="", help="why; stands in the audit log")
        prune_verb.add_argument("--days", type=int, help="keep so many days (default: RUSTOK_AUDIT_RETENTION_DAYS)")
        prune_verb.add_argument("--dry-run", action="store_true", help="only say what would be moved")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 on failure."""
        try:
            with at_the_command_line():
                getattr(self, f"_{options['verb']}")(options)
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error

    def _key(self, _options: dict[str, Any]) -> None:
        self.stdout.write(public_pem(key_file()).decode().rstrip())

    def _status(self, options: dict[str, Any]) -> None:
        facts = []
        for log in chosen_logs(options):
            with log.scope():
                facts.append({"log": log.name, "sealed": sealed_entries(), "loose": loose_entries()})
                facts[-1]["moved"] = pruned_entries()
        self.stdout.write(shown(facts, as_json=options["json"]))

    def _shred(self, options: dict[str, Any]) -> None:
        (log,) = chosen_logs(options)
        with log.scope():
            receipt = shred(subject=options["subject"], reason=options["reason"], context=current())
        self.stdout.write(shown([asdict(receipt) | {"log": log.name}], as_json=options["json"]))

    def _prune(self, options: dict[str, Any]) -> None:
        days = options["days"] if options["days"] is not None else config().audit_retention_days
        if days < 1:
            raise CommandError("say how many days to keep: --days, or RUSTOK_AUDIT_RETENTION_DAYS")
        age, facts = timedelta(days=days), []
        for log in chosen_logs(options):
            with log.scope():
                found = prune(older_than=age, context=current(), trial=options["dry_run"])
                while found is not None:
                    facts.append({"log": log.name} | asdict(found))
                    found = None if options["dry_run"] else prune(older_than=age, context=current())
        self.stdout.write(shown(facts, as_json=options["json"]))

    def _verify(self, options: dict[str, Any]) -> None:
        reports = [_verified(log) for log in chosen_logs(options)]
        if options["json"]:
            self.stdout.write(shown(reports, as_json=True))
        else:
            for report in reports:
                self.stdout.writelines(f"{report['name']}: {defect}" for defect in report["defects"])
            columns = (
                "name",
                "entries",
                "pruned",
                "checkpoints",
                "uncovered",
                "loose",
                "personal",
                "shredded",
                "whole",
            )
            self.stdout.write(shown([{name: report[name] for name in columns} for report in reports], as_json=False))
        if not all(report["whole"] for report in reports):
            raise CommandError(WHOLE)

    def _export(self, options: dict[str, Any]) -> None:
        (log,) = chosen_logs(options)
        with log.scope():
            seal()
            checkpoint(force=True)
            place = checkpoint_file(this_log())
        lines = _lines(log, "exporting")
        if options["output"]:
            with options["output"].open("wb") as file:
                file.writelines(line + b"\n" for line in lines)
        else:
            for line in lines:
                self.stdout.write(line.decode())
        if options["checkpoints"]:
            options["checkpoints"].write_bytes(place.read_bytes() if place.exists() else b"")


def _lines(log: Log, title: str) -> Iterator[bytes]:
    """The lines of a log, page by page: no scope stays open between two of them."""
    with log.scope():
        after = pruned_entries()
        total = sealed_entries() - after
    with progress(f"{title} {log.name}", total=total, stream=sys.stderr) as bar:
        while True:
            with log.scope():
                page = export_page(after=after)
            if not page:
                return
            yield from (line for _number, line in page)
            after = page[-1][0]
            bar.advance(len(page))


def _verified(log: Log) -> dict[str, Any]:
    with log.scope():
        place, own, loose, signed = checkpoint_file(this_log()), str(this_log()), loose_entries(), signed_entries()
    claims = place.read_bytes().splitlines() if place.exists() else []
    key = load_pem_public_key(public_pem(key_file()))
    report = verifier.verify(_lines(log, "verifying"), claims, key, log=own)  # type: ignore[arg-type]  # ours is Ed25519
    if report.pruned + report.entries - report.uncovered < signed:
        report.defect(f"the checkpoint of entry {signed} is missing: {place} is not all that was signed")
    return asdict(report) | {"name": log.name, "loose": loose, "whole": not report.defects, "key": key_id(key_file())}
