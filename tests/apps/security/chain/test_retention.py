"""Old entries move to a signed file, up to a checkpoint; the chain is verified from there, or with that file."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, ProgrammingError, transaction

from apps.security.chain import verifier
from apps.security.chain.checkpoints import checkpoint, checkpoint_file
from apps.security.chain.errors import AuditNotWhole
from apps.security.chain.keys import key_file, public_pem
from apps.security.chain.retention import archive_directory, prune
from apps.security.chain.sealing import seal, this_log
from apps.security.models import AuditEntry as Row
from apps.security.tasks import prune_audit
from rustok.audit import AuditEntry
from rustok.config import config
from rustok.context import current
from rustok.db.transactions import unit_of_work
from rustok.errors.families import PermissionDenied
from tests.support.events import run

MONTH = timedelta(days=30)


def note(count: int, *, days_ago: int) -> None:
    with unit_of_work() as uow:
        uow.audit(*(AuditEntry(action="order:pay", target=str(n)) for n in range(count)))
    run("ALTER TABLE security_auditentry DISABLE TRIGGER security_audit_append_only")
    run(f"UPDATE security_auditentry SET occurred_at = occurred_at - interval '{days_ago} days' WHERE number IS NULL")
    run("ALTER TABLE security_auditentry ENABLE TRIGGER security_audit_append_only")
    seal()
    checkpoint(force=True)


@pytest.fixture
def aged(log, kept: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten entries from long ago in two checkpoints, five of last week."""
    monkeypatch.setenv("RUSTOK_AUDIT_ARCHIVE_DIR", str(kept / "archive"))
    config.cache_clear()
    note(6, days_ago=90)
    note(4, days_ago=60)
    note(5, days_ago=7)
    return kept


def verified() -> dict:
    out = StringIO()
    call_command("audit", "verify", "--tenant", "acme", "--json", stdout=out)
    return orjson.loads(out.getvalue())[0]


def standalone(place: Path, *exports: Path) -> subprocess.CompletedProcess[str]:
    """The verifier as an auditor runs it: export, public key, separately kept checkpoints."""
    (place / "public.pem").write_bytes(public_pem(key_file()))
    command = [sys.executable, "-I", verifier.__file__, *map(str, exports), "--key", str(place / "public.pem")]
    command += ["--checkpoints", str(checkpoint_file(this_log()))]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def exported(place: Path) -> Path:
    call_command("audit", "export", "--tenant", "acme", "--output", str(place / "log.jsonl"))
    return place / "log.jsonl"


def test_old_entries_move_up_to_the_last_checkpoint_before_the_first_young_one(aged):
    moved = prune(older_than=MONTH, context=current())

    assert (moved.first, moved.last, moved.removed) == (1, 10, 10)
    assert Row.objects.filter(number__lte=10).count() == 0
    report = verified()
    assert (report["whole"], report["pruned"], report["uncovered"]) == (True, 10, 0)
    assert prune(older_than=MONTH, context=current()) is None


def test_moving_goes_on_where_it_ended_and_the_segments_verify_with_the_rest(aged):
    prune(older_than=timedelta(days=75), context=current())
    note(1, days_ago=0)
    prune(older_than=MONTH, context=current())

    segments = sorted(archive_directory().glob("*.jsonl"))
    assert [file.stem for file in segments] == ["000000000001-000000000006", "000000000007-000000000010"]
    whole = standalone(aged, *segments, exported(aged))
    assert (whole.returncode, "moved away" in whole.stdout) == (0, False)
    assert "10 moved away before" in standalone(aged, aged / "log.jsonl").stdout


def test_a_trial_says_what_would_move_and_moves_nothing(aged):
    out = StringIO()
    call_command("audit", "prune", "--tenant", "acme", "--days", "30", "--dry-run", "--json", stdout=out)

    assert orjson.loads(out.getvalue())[0]["last"] == 10
    assert Row.objects.count() == 15


def test_the_command_moves_and_the_move_is_audited(aged):
    call_command("audit", "prune", "--tenant", "acme", "--days", "30", stdout=StringIO())

    entry = Row.objects.get(action="audit:prune")
    assert entry.details == {"first": 1, "last": 10, "file": "000000000001-000000000010.jsonl"}


def test_without_a_number_of_days_the_command_refuses(aged):
    with pytest.raises(CommandError, match="how many days"):
        call_command("audit", "prune", "--tenant", "acme")


def test_the_clock_prunes_when_the_knob_says_so(aged, monkeypatch):
    prune_audit()
    assert Row.objects.count() == 15
    monkeypatch.setenv("RUSTOK_AUDIT_RETENTION_DAYS", "30")
    config.cache_clear()
    prune_audit()

    assert Row.objects.filter(number__lte=10).count() == 0


def test_unchained_and_uncovered_entries_stay_however_old(log, kept):
    note(3, days_ago=90)
    with unit_of_work() as uow:
        uow.audit(AuditEntry(action="late:one"))
    seal()
    with unit_of_work() as uow:
        uow.audit(AuditEntry(action="late:two"))

    moved = prune(older_than=timedelta(seconds=-5), context=current())
    assert moved.last == 3
    assert Row.objects.filter(action__startswith="late:").count() == 2


@pytest.mark.parametrize("where", ["number <= 10", "number > 10", "number IS NULL"])
def test_the_database_lets_nothing_go_that_was_not_moved(aged, where):
    with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        run(f"DELETE FROM security_auditentry WHERE {where} OR number = 15")


def test_a_changed_entry_is_not_moved(aged):
    run("ALTER TABLE security_auditentry DISABLE TRIGGER security_audit_append_only")
    run("UPDATE security_auditentry SET reason = 'a gift' WHERE number = 3")

    with pytest.raises(AuditNotWhole):
        prune(older_than=MONTH, context=current())
    assert Row.objects.count() == 15
    assert list(archive_directory().glob("*")) == []


def test_a_checkpoint_that_nobody_signed_moves_nothing(aged):
    place = checkpoint_file(this_log())
    place.write_bytes(place.read_bytes().replace(b'"number":10', b'"number":11'))

    with pytest.raises(AuditNotWhole):
        prune(older_than=MONTH, context=current())


def test_pruning_needs_its_permission(aged):
    with pytest.raises(PermissionDenied):
        prune(older_than=MONTH, context=replace(current(), permissions=frozenset({"audit:read"})))


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


TAMPERINGS = {
    "an entry after the move is left out": lambda log, _claims: log[1:],
    "more is missing than was moved": lambda log, _claims: log[3:],
    "an entry after the move is changed": lambda log, _claims: [log[0].replace(b"order:pay", b"order:zap"), *log[1:]],
    "the tail is cut off": lambda log, _claims: log[:-2],
    "everything after the move is cut off": lambda _log, _claims: [],
    "the word about the move is taken out": lambda log, claims: (claims.pop(-2), log)[1],
    "the word about the move names another entry": lambda log, claims: (
        claims.__setitem__(-2, claims[-2].replace(b'"number":10', b'"number":12')),
        log[2:],
    )[1],
    "a checkpoint passes itself off as a move": lambda log, claims: (
        claims.__setitem__(-1, claims[-1].replace(b'"previous"', b'"pruned":{},"previous"')),
        log[-1:],
    )[1],
}


@pytest.mark.parametrize("change", TAMPERINGS.values(), ids=TAMPERINGS)
def test_tampering_after_a_move_is_found(aged, change):
    prune(older_than=MONTH, context=current())
    log, place = exported(aged), checkpoint_file(this_log())
    claims = lines_of(place)
    log.write_bytes(b"".join(change(lines_of(log), claims)))
    place.write_bytes(b"".join(claims))

    key = verifier.load_pem_public_key(public_pem(key_file()))
    assert verifier.verify(lines_of(log), claims, key, log=str(this_log())).defects


def test_a_changed_segment_is_found(aged):
    prune(older_than=MONTH, context=current())
    (segment,) = archive_directory().glob("*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b'"target":"2"', b'"target":"9"'))

    assert standalone(aged, segment, exported(aged)).returncode == 1
