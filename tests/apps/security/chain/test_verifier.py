"""Whoever changes an exported log, or the database under it, is found out by export, public key and checkpoints."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from apps.security.chain import verifier
from apps.security.chain.canonical import genesis, line_of, link, text_of
from apps.security.chain.checkpoints import append_checkpoint
from apps.security.chain.keys import key_file, public_pem
from rustok.telemetry import logging as telemetry_logging

SHOP, OTHER = UUID(int=7), UUID(int=8)
START = datetime(2026, 3, 1, tzinfo=UTC)
EVERY = 10  # entries between two checkpoints


def entry(number: int, **changes: object) -> dict[str, object]:
    facts = {"id": UUID(int=number), "occurred_at": START + timedelta(seconds=number), "actor": "user:alice"}
    facts |= {"actor_label": "Alice", "action": "order:pay", "target": str(number), "outcome": "ok", "reason": ""}
    return facts | {"details": {"total": number}, "request_id": "r", "trace_id": "t", "address": "::1"} | changes


def chain(entries: list[dict[str, object]], log: UUID = SHOP) -> list[bytes]:
    """The lines of a log, hashed from its beginning: what an owner of the database can make."""
    digest, lines = genesis(log), []
    for number, facts in enumerate(entries, 1):
        text = text_of(facts, log=log, number=number)
        digest = link(digest, text)
        lines.append(line_of(text, digest))
    return lines


ENTRIES = [entry(number) for number in range(1, 36)]
LINES = chain(ENTRIES)


@pytest.fixture
def checkpoints(kept) -> list[bytes]:
    """Entries 10, 20 and 30, signed."""
    return signed(kept / "kept.jsonl", LINES)


def signed(path: Path, lines: list[bytes], log: UUID = SHOP) -> list[bytes]:
    for number in range(EVERY, len(lines) + 1, EVERY):
        digest = bytes.fromhex(lines[number - 1][verifier.HASH_AT : verifier.HASH_AT + 64].decode())
        append_checkpoint(path, log, number, digest, START)
    return path.read_bytes().splitlines()


def report_of(lines: list[bytes], checkpoints: list[bytes], log: UUID = SHOP) -> verifier.Report:
    return verifier.verify(lines, checkpoints, load_pem_public_key(public_pem(key_file())), log=str(log))


def test_an_untouched_log_is_whole_and_says_what_no_checkpoint_covers_yet(checkpoints):
    report = report_of(LINES, checkpoints)

    assert (report.defects, report.entries, report.checkpoints, report.uncovered) == ([], 35, 3, 5)


@pytest.mark.parametrize("kept_bytes", [1, 20, 200, -1])
def test_a_checkpoint_that_a_full_disk_cut_short_claims_nothing_and_spoils_nothing(kept, kept_bytes):
    path = kept / "kept.jsonl"
    *_before, torn = signed(path, LINES[:20])
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - len(torn) - 1 + len(torn[:kept_bytes]))
    append_checkpoint(path, SHOP, 30, bytes.fromhex(LINES[29][verifier.HASH_AT :][:64].decode()), START)

    report = report_of(LINES, path.read_bytes().splitlines())
    assert (report.defects, report.checkpoints, report.torn) == ([], 2, 1)
    assert "1 torn" in verifier.summary(report)


def test_a_line_that_lacks_only_its_end_is_whole(kept):
    path = kept / "kept.jsonl"
    signed(path, LINES[:20])
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    append_checkpoint(path, SHOP, 30, bytes.fromhex(LINES[29][verifier.HASH_AT :][:64].decode()), START)

    report = report_of(LINES, path.read_bytes().splitlines())
    assert (report.defects, report.checkpoints, report.torn) == ([], 3, 0)


def test_a_checkpoint_that_somebody_cut_short_is_missed_by_the_next(checkpoints):
    report = report_of(LINES, [checkpoints[0], checkpoints[1][:50], checkpoints[2]])

    assert any("missing or changed" in defect for defect in report.defects)


def edited(number: int, **changes: object) -> list[dict[str, object]]:
    return [entry(n, **(changes if n == number else {})) for n in range(1, 36)]


def replaced(number: int, old: bytes, new: bytes) -> list[bytes]:
    return [line.replace(old, new) if n == number else line for n, line in enumerate(LINES, 1)]


TAMPERINGS: dict[str, list[bytes]] = {
    "an entry is edited": replaced(12, b'"total":12', b'"total":1'),
    "another column is changed": replaced(12, b"user:alice", b"user:mallory"),
    "the time is set back": replaced(12, b"2026-03-01", b"2026-02-01"),
    "an entry is deleted": LINES[:11] + LINES[12:],
    "the first entry is deleted": LINES[1:],
    "an entry is inserted": [*LINES[:12], LINES[11], *LINES[12:]],
    "two entries change places": [*LINES[:11], LINES[12], LINES[11], *LINES[13:]],
    "the tail is cut off": LINES[:25],
    "everything is cut off": [],
    "one entry is edited and all hashes are made anew": chain(edited(12, reason="a gift")),
    "one entry is left out and all hashes are made anew": chain(ENTRIES[:11] + ENTRIES[12:]),
    "the time is set back and all hashes are made anew": chain(edited(12, occurred_at=START - timedelta(days=30))),
    "the history forks after an entry": LINES[:20] + chain(edited(21, target="9"))[20:-6],
    "the log of another tenant is handed in": chain(ENTRIES, OTHER),
    "entries of another tenant are mixed in": LINES[:11] + chain(ENTRIES, OTHER)[11:],
    "a stored hash is changed": replaced(12, LINES[11][9:73], b"0" * 64),
    "the export holds a second object": [line + b" " for line in LINES],
    "the export is not an export": [b"{}", b"\xff", b""],
}


@pytest.mark.parametrize("lines", TAMPERINGS.values(), ids=TAMPERINGS)
def test_tampering_with_the_log_is_found(checkpoints, lines):
    assert report_of(lines, checkpoints).defects


CHECKPOINT_TAMPERINGS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "the first is taken out": lambda lines: lines[1:],
    "one in the middle is taken out": lambda lines: [lines[0], lines[2]],
    "two change places": lambda lines: [lines[1], lines[0], lines[2]],
    "a number is changed": lambda lines: [lines[0], lines[1].replace(b'"number":20', b'"number":19'), lines[2]],
    "a signature is another's": lambda lines: [lines[1][:102] + lines[0][102:], *lines[1:]],
    "a line is no checkpoint": lambda lines: [*lines, b"[1]"],
    "a line is not even JSON": lambda lines: [*lines, b"\x00"],
}


@pytest.mark.parametrize("change", CHECKPOINT_TAMPERINGS.values(), ids=CHECKPOINT_TAMPERINGS)
def test_tampering_with_the_checkpoints_is_found(checkpoints, change):
    assert report_of(LINES, change(checkpoints)).defects


def test_two_who_sign_at_once_make_one_row_of_checkpoints(kept):
    """Sealing and moving old entries away sign the same log: two lines after one line would be damage for ever."""
    path = kept / "kept.jsonl"

    def sign(_part: int) -> None:
        for _line in range(8):
            append_checkpoint(path, SHOP, 10, bytes.fromhex(LINES[9][verifier.HASH_AT :][:64].decode()), START)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sign, range(4)))

    assert (report_of(LINES, path.read_bytes().splitlines()).defects, len(path.read_bytes().splitlines())) == ([], 32)


def test_the_log_line_of_a_checkpoint_serves_as_well_as_the_file(kept):
    """Signatures were masked in the log: what was kept elsewhere proved nothing."""
    told: list[dict[str, str]] = []
    telemetry_logging.copy_to(lambda _event, line: told.append(orjson.loads(line)))
    try:
        made = signed(kept / "kept.jsonl", LINES)
    finally:
        telemetry_logging.copy_to(None)
    kept_elsewhere = [line["line"].encode() for line in told if line["event"] == "audit.checkpoint"]

    assert (kept_elsewhere, report_of(LINES, kept_elsewhere).defects) == (made, [])


def test_checkpoints_of_another_tenant_do_not_serve(kept):
    assert report_of(LINES, signed(kept / "other.jsonl", chain(ENTRIES, OTHER), OTHER)).defects


def test_without_checkpoints_a_rewritten_log_passes(kept):
    """The negative control, and the window that the documentation speaks of: they have to be kept elsewhere."""
    report = report_of(chain(edited(12, reason="a gift")), [])

    assert (report.defects, report.uncovered) == ([], 35)


def test_the_script_stands_alone(kept, checkpoints):
    (kept / "log.jsonl").write_bytes(b"\n".join(LINES) + b"\n")
    (kept / "public.pem").write_bytes(public_pem(key_file()))
    script = Path(verifier.__file__).read_text(encoding="utf-8")
    command = [sys.executable, "-I", "-c", script, str(kept / "log.jsonl"), "--key", str(kept / "public.pem")]

    command += ["--checkpoints", str(kept / "kept.jsonl")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=kept)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("35 entries, 3 checkpoints, 5 after the last checkpoint: whole\n")


@pytest.mark.parametrize(("missing", "code"), [("log.jsonl", 2), ("public.pem", 2), ("none", 1)])
def test_the_script_tells_damage_from_what_it_cannot_read(kept, checkpoints, missing, code, capsys):
    (kept / "log.jsonl").write_bytes(b"\n".join(LINES[:25]))
    (kept / "public.pem").write_bytes(public_pem(key_file()))
    (kept / missing).unlink(missing_ok=True)
    files = [str(kept / "log.jsonl"), "--key", str(kept / "public.pem"), "--checkpoints", str(kept / "kept.jsonl")]

    assert verifier.main([*files, "--json"]) == code
    assert "Traceback" not in capsys.readouterr().err


NO_ENTRY = [
    *(b"", b"[", b" {}", b"{} ", b"{}{}", b"NaN", b'{"a":Infinity}', b"\xff", b"[" * 100_000),
    b'{"number":1e999,"log":"7"}',
]


@pytest.mark.parametrize("read", [verifier.read_json, verifier.read_json_slowly], ids=["installed", "plain Python"])
@pytest.mark.parametrize("text", NO_ENTRY, ids=[repr(text[:12]) for text in NO_ENTRY])
def test_an_entry_is_one_json_value_and_nothing_else(read, text, monkeypatch):
    monkeypatch.setattr(verifier, "read_json", read)

    report = report_of([line_of(text, bytes(32))], [])

    assert report.defects == ["line 1: not an exported entry"]


def test_without_a_faster_reader_the_verdict_is_the_same(checkpoints, monkeypatch):
    monkeypatch.setattr(verifier, "read_json", verifier.read_json_slowly)

    assert report_of(LINES, checkpoints).defects == []
    assert report_of([*LINES[:3], *LINES[4:]], checkpoints).defects
