"""`manage.py audit verify|export|status|key`: prove the audit log whole, and take it away."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.security.chain import verifier
from apps.security.chain.checkpoints import checkpoint, checkpoint_file
from apps.security.chain.export import export_page, loose_entries, sealed_entries
from apps.security.chain.keys import key_file, key_id, public_pem
from apps.security.chain.sealing import seal, this_log
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import all_tenants, resolve_slug
from rustok.context import ExecutionContext, TenantRef
from rustok.errors import DomainError
from rustok.progress import progress

PLATFORM_NAME: Final = "(platform)"
WHOLE: Final = "the audit log is not whole"


@dataclass(frozen=True, slots=True)
class Log:
    """One audit log: a tenant's, or the platform's own (`tenant` None)."""

    tenant: TenantRef | None

    @property
    def name(self) -> str:
        """The tenant's slug."""
        return self.tenant.slug if self.tenant else PLATFORM_NAME

    def scope(self) -> AbstractContextManager[ExecutionContext]:
        """Where its rows are, suspended or not."""
        if self.tenant is None:
            return platform_scope("look after the audit log by command")
        return tenant_scope(self.tenant, even_suspended=True)


class Command(BaseCommand):
    """Looks after audit logs."""

    help = "Verify, export or describe audit logs; print the public key that verifies them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs and their options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="verify|export|status|key")
        verify = verbs.add_parser("verify", help="check every hash and checkpoint; fails when one is wrong")
        export = verbs.add_parser("export", help="write the log as JSON Lines, with its checkpoints if wanted")
        status = verbs.add_parser("status", help="count entries, sealed and loose")
        verbs.add_parser("key", help="print the public key (PEM)")
        for verb in (verify, export, status):
            where = verb.add_mutually_exclusive_group(required=verb is export)
            where.add_argument("--tenant", metavar="SLUG", help="the log of this tenant")
            where.add_argument("--platform", action="store_true", help="the platform's own log")
        for verb in (verify, status):
            verb.add_argument("--json", action="store_true", help="print facts as JSON")
        export.add_argument("--output", type=Path, help="the file to write (default: standard output)")
        export.add_argument("--checkpoints", type=Path, help="also copy the checkpoints to this file")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 on failure."""
        try:
            getattr(self, f"_{options['verb']}")(options)
        except DomainError as error:
            raise CommandError(error.detail) from error
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error

    def _key(self, _options: dict[str, Any]) -> None:
        self.stdout.write(public_pem(key_file()).decode().rstrip())

    def _status(self, options: dict[str, Any]) -> None:
        facts = []
        for log in chosen(options):
            with log.scope():
                facts.append({"log": log.name, "sealed": sealed_entries(), "loose": loose_entries()})
        self._show(facts, options)

    def _verify(self, options: dict[str, Any]) -> None:
        reports = [_verified(log) for log in chosen(options)]
        if options["json"]:
            self.stdout.write(orjson.dumps(reports).decode())
        else:
            for report in reports:
                self.stdout.writelines(f"{report['name']}: {defect}" for defect in report["defects"])
            columns = ("name", "entries", "checkpoints", "uncovered", "loose", "whole")
            self._show([{name: report[name] for name in columns} for report in reports], options)
        if not all(report["whole"] for report in reports):
            raise CommandError(WHOLE)

    def _export(self, options: dict[str, Any]) -> None:
        (log,) = chosen(options)
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

    def _show(self, facts: list[dict[str, Any]], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(orjson.dumps(facts).decode())
            return
        rows = [list(facts[0]), *([str(value) for value in fact.values()] for fact in facts)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            self.stdout.write("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())


def chosen(options: dict[str, Any]) -> list[Log]:
    """The log that the options name, or all of them."""
    if options.get("platform"):
        return [Log(None)]
    if options.get("tenant"):
        return [Log(resolve_slug(options["tenant"]))]
    with platform_scope("list the audit logs for a command"):
        return [Log(None), *(Log(tenant.ref()) for tenant in all_tenants())]


def _lines(log: Log, title: str) -> Iterator[bytes]:
    """The lines of a log, page by page: no scope stays open between two of them."""
    with log.scope():
        total = sealed_entries()
    after = 0
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
        place, own, loose = checkpoint_file(this_log()), str(this_log()), loose_entries()
    claims = place.read_bytes().splitlines() if place.exists() else []
    key = load_pem_public_key(public_pem(key_file()))
    report = verifier.verify(_lines(log, "verifying"), claims, key, log=own)  # type: ignore[arg-type]  # ours is Ed25519
    return asdict(report) | {"name": log.name, "loose": loose, "whole": not report.defects, "key": key_id(key_file())}
