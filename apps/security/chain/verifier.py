#!/usr/bin/env python3
"""Verify an exported audit log. Stands alone: needs Python, `cryptography`, and three files.

    python verifier.py [SEGMENT.jsonl …] EXPORT.jsonl --key PUBLIC.pem --checkpoints CHECKPOINTS.jsonl [--json]

Every line's hash is computed anew from its own bytes; numbers must be dense; every checkpoint must be signed by the
key, follow the one before, and meet its entry. Prints one line per defect; exit code 0 whole, 1 not, 2 unreadable.
Entries after the last checkpoint can have been rewritten by who owns the database: their number is reported.
Old entries may have been moved to segment files: then a signed checkpoint says so, and the export begins after it.
Name the segments before the export to verify them too. Personal data whose key was destroyed is counted as shredded.
"""

from __future__ import annotations

import argparse
import json
import sys
from base64 import b64decode
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

OPENING, BETWEEN = b'{"hash":"', b'","entry":'
HASH_AT = len(OPENING)
TEXT_AT = HASH_AT + 64 + len(BETWEEN)
SIGNED_AT = len(b'{"signature":"') + 88 + len(b'","checkpoint":')
CHECKPOINT = b'{"signature":"'
MOST_DEFECTS = 100


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).raw_decode


def read_json_slowly(text: bytes) -> Any:
    """JSON without blanks around it, by the standard library; ValueError otherwise.

    Half the time of `json.loads`, which looks for encodings and blanks first.
    """
    content = text.decode()
    try:
        facts, end = _decode(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if end != len(content):
        raise ValueError("more than one value")
    return facts


read_json: Callable[[bytes], Any] = read_json_slowly
try:
    import orjson
except ImportError:
    pass
else:
    read_json = orjson.loads  # five times as fast, where somebody installed it


@dataclass
class Report:
    """What was found.

    `pruned`: entries before the first one given, moved away under signature. `uncovered`: entries after the last
    checkpoint. `personal`: entries with personal data, of which `shredded` cannot be read any more. `torn`: checkpoints
    that were begun and never finished.
    """

    log: str = ""
    entries: int = 0
    checkpoints: int = 0
    pruned: int = 0
    uncovered: int = 0
    personal: int = 0
    shredded: int = 0
    torn: int = 0
    defects: list[str] = field(default_factory=list)

    def defect(self, text: str) -> None:
        """Note one, up to a hundred."""
        if len(self.defects) < MOST_DEFECTS:
            self.defects.append(text)


@dataclass(frozen=True)
class Checkpoint:
    """A signed claim: entry `number` of `log` has this hash; `is_pruned`: it and all before it were moved away."""

    log: str
    number: int
    hash: str
    is_pruned: bool = False


@dataclass
class Subjects:
    """Whose personal data the entries hold, and whose was shredded, as the log itself says."""

    entries: dict[str, int] = field(default_factory=dict)
    shredded: set[str] = field(default_factory=set)
    lost: int = 0

    def note(self, facts: dict[str, Any]) -> None:
        """Look at an entry with personal data, or one that tells of a shredding."""
        if facts["action"] == "audit:shred" and facts["outcome"] == "ok":
            self.shredded.add(str(facts["target"]))
        part = facts["details"].get("personal") if isinstance(facts["details"], dict) else None
        if isinstance(part, dict) and "sealed" in part:
            if part["sealed"]:
                self.entries[str(part["subject"])] = self.entries.get(str(part["subject"]), 0) + 1
            else:
                self.lost += 1

    def count(self, report: Report) -> None:
        """Tell the report."""
        gone = sum(self.entries.get(subject, 0) for subject in self.shredded)
        report.personal, report.shredded = sum(self.entries.values()) + self.lost, gone + self.lost


def read_checkpoints(lines: Iterable[bytes], key: Ed25519PublicKey, report: Report) -> list[Checkpoint]:
    """The claims whose signature and place in the row of checkpoints hold; the others are defects."""
    claims: list[Checkpoint] = []
    previous, highest = "", 0
    for place, raw in enumerate(lines, 1):
        line = raw.rstrip(b"\r\n")
        if is_torn(line):
            report.torn += 1
            continue
        try:
            outer, signed = read_json(line), line[SIGNED_AT:-1]
            facts = read_json(signed)
            key.verify(b64decode(outer["signature"]), signed)
            claim = Checkpoint(str(facts["log"]), int(facts["number"]), str(facts["hash"]), bool(facts.get("pruned")))
        except (ValueError, KeyError, TypeError, InvalidSignature) as error:
            report.defect(f"checkpoint line {place}: not signed by this key or damaged ({type(error).__name__})")
            continue
        if facts["previous"] != previous:
            report.defect(f"checkpoint line {place}: a checkpoint before it is missing or changed")
        previous = sha256(line).hexdigest()
        if not claim.is_pruned and claim.number < highest:
            report.defect(f"checkpoint line {place}: goes back behind entry {highest}")
        highest = max(highest, claim.number)
        claims.append(claim)
    report.checkpoints = len(claims)
    return claims


def is_torn(line: bytes) -> bool:
    """Whether this is the beginning of a checkpoint whose rest was never written, by a full disk or a crash.

    It claims nothing. Somebody who cuts a line that was whole is found out by the next one, which names its digest;
    cutting the last one is cutting the file off, which only the kept copies show.
    """
    if not line or line.endswith(b"}}") or not line.startswith(CHECKPOINT[: len(line)]):
        return False
    try:
        read_json(line)
    except ValueError:
        return True
    return False


def verify(
    lines: Iterable[bytes], checkpoints: Iterable[bytes], key: Ed25519PublicKey, *, log: str | None = None
) -> Report:
    """Check a whole export against the checkpoints. One pass, constant memory beside the checkpoints."""
    report, subjects = Report(log=log or ""), Subjects()
    claims = read_checkpoints(checkpoints, key, report)
    report.log = report.log or (claims[0].log if claims else "")
    for place, claim in enumerate(claims, 1):
        if report.log and claim.log != report.log:
            report.defect(f"checkpoint {place}: of another log, {claim.log}")
    given = iter(lines)
    first = next(given, None)
    report.pruned, digest = _beginning(first, claims)
    said: dict[int, str] = {}
    for claim in claims:
        if said.setdefault(claim.number, claim.hash) != claim.hash:
            report.defect(f"entry {claim.number}: two checkpoints speak of it and differ")
    expected = {claimed: hash_ for claimed, hash_ in said.items() if claimed > report.pruned}
    number = report.pruned
    for number, raw in enumerate(chain(() if first is None else (first,), given), report.pruned + 1):
        digest = _entry(raw.rstrip(b"\r\n"), number, digest, report, subjects)
        if number in expected and expected.pop(number) != digest.hex():
            report.defect(f"entry {number}: not what the checkpoint signed; entries up to here were rewritten")
    report.entries = number - report.pruned
    if expected:
        report.defect(f"the log ends at entry {number}, but entry {max(expected)} was signed: cut off")
    report.uncovered = max(0, number - max((claim.number for claim in claims), default=0))
    subjects.count(report)
    return report


def verify_between(lines: Iterable[bytes], start: Checkpoint | None, until: Checkpoint) -> list[str]:
    """The defects of a segment: entries after `start` (None: from the first) up to `until`, whose hash is signed."""
    report, subjects = Report(log=until.log), Subjects()
    before, digest = (start.number, bytes.fromhex(start.hash)) if start else (0, b"")
    number = before
    for number, raw in enumerate(lines, before + 1):
        digest = _entry(raw.rstrip(b"\r\n"), number, digest, report, subjects)
    if (number, digest.hex()) != (until.number, until.hash):
        report.defect(f"the segment ends at entry {number}, not as the checkpoint of entry {until.number} says")
    return report.defects


def _beginning(first: bytes | None, claims: list[Checkpoint]) -> tuple[int, bytes]:
    """How many entries were moved away before the first line, and the hash to go on from.

    Only what a signed checkpoint says was moved may be missing; any other beginning is held against entry 1.
    """
    moved = {claim.number: bytes.fromhex(claim.hash) for claim in claims if claim.is_pruned}
    if first is None:
        return max(moved.items(), default=(0, b""))
    try:
        before = int(read_json(first.rstrip(b"\r\n"))["entry"]["number"]) - 1
    except (ValueError, KeyError, TypeError, OverflowError):
        before = 0
    return (before, moved[before]) if before in moved else (0, b"")


def _entry(line: bytes, number: int, previous: bytes, report: Report, subjects: Subjects) -> bytes:
    """Check one line and return its hash, computed."""
    text = line[TEXT_AT:-1]
    try:
        facts = read_json(text)
        outer = line[:HASH_AT] == OPENING and line[HASH_AT + 64 : TEXT_AT] == BETWEEN and line[-1:] == b"}"
        found, log = int(facts["number"]), str(facts["log"])
        if b'"sealed":' in text or b'"audit:shred"' in text:
            subjects.note(facts)
    except (ValueError, KeyError, TypeError, OverflowError):
        report.defect(f"line {number}: not an exported entry")
        return previous
    report.log = report.log or log
    if log != report.log:
        report.defect(f"line {number}: an entry of another log, {log}")
    if found != number or not outer:
        report.defect(f"line {number}: holds entry {found}; entries are missing, doubled or out of order")
    if not previous:
        previous = sha256(b"rustok.audit.v1\0" + log.encode()).digest()
    digest = sha256(previous + text).digest()
    if digest.hex().encode() != line[HASH_AT : HASH_AT + 64]:
        report.defect(f"entry {found}: its content does not have its hash; it, or one before it, was changed")
    return digest


def main(arguments: list[str] | None = None) -> int:
    """Read the files, print what was found."""
    parser = argparse.ArgumentParser(description="Verify an exported audit log.")
    parser.add_argument("export", type=Path, nargs="+", help="the log, as `audit export` wrote it; its segments first")
    parser.add_argument("--key", type=Path, required=True, help="the public key, PEM")
    parser.add_argument("--checkpoints", type=Path, required=True, help="the separately kept checkpoints")
    parser.add_argument("--log", help="the log's id; by default the one that the checkpoints name")
    parser.add_argument("--json", action="store_true", help="print facts as JSON")
    options = parser.parse_args(arguments)
    try:
        key = load_pem_public_key(options.key.read_bytes())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError(f"{options.key} does not hold an Ed25519 key")
        with ExitStack() as files:
            lines = chain.from_iterable([files.enter_context(path.open("rb")) for path in options.export])
            report = verify(lines, files.enter_context(options.checkpoints.open("rb")), key, log=options.log)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"verifier: {error}\n")
        return 2
    sys.stdout.write((json.dumps(asdict(report)) if options.json else summary(report)) + "\n")
    return 1 if report.defects else 0


def summary(report: Report) -> str:
    """The findings for people."""
    what = f"{report.entries} entries, {report.checkpoints} checkpoints, {report.uncovered} after the last checkpoint"
    if report.pruned:
        what += f", {report.pruned} moved away before"
    if report.personal:
        what += f", personal data in {report.personal} ({report.shredded} shredded)"
    if report.torn:
        what += f", {report.torn} torn checkpoint lines (a full disk or a crash; they claim nothing)"
    return "\n".join(
        [*report.defects, f"log {report.log or '?'}: {what}: {'NOT whole' if report.defects else 'whole'}"]
    )


if __name__ == "__main__":
    sys.exit(main())
