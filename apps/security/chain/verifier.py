#!/usr/bin/env python3
"""Verify an exported audit log. Stands alone: needs Python, `cryptography`, and three files.

    python verifier.py EXPORT.jsonl --key PUBLIC.pem --checkpoints CHECKPOINTS.jsonl [--log ID] [--json]

Every line's hash is computed anew from its own bytes; numbers must be dense; every checkpoint must be signed by the
key, follow the one before, and meet its entry. Prints one line per defect; exit code 0 whole, 1 not, 2 unreadable.
Entries after the last checkpoint can have been rewritten by who owns the database: their number is reported.
"""

from __future__ import annotations

import argparse
import json
import sys
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

HASH_AT = len(b'{"hash":"')
TEXT_AT = HASH_AT + 64 + len(b'","entry":')
SIGNED_AT = len(b'{"signature":"') + 88 + len(b'","checkpoint":')
MOST_DEFECTS = 100


@dataclass
class Report:
    """What was found. `uncovered`: entries after the last checkpoint."""

    log: str = ""
    entries: int = 0
    checkpoints: int = 0
    uncovered: int = 0
    defects: list[str] = field(default_factory=list)

    def defect(self, text: str) -> None:
        """Note one, up to a hundred."""
        if len(self.defects) < MOST_DEFECTS:
            self.defects.append(text)


@dataclass(frozen=True)
class Checkpoint:
    """A signed claim: entry `number` of `log` has this hash."""

    log: str
    number: int
    hash: str


def read_checkpoints(lines: Iterable[bytes], key: Ed25519PublicKey, report: Report) -> list[Checkpoint]:
    """The claims whose signature and place in the row of checkpoints hold; the others are defects."""
    claims: list[Checkpoint] = []
    previous = ""
    for place, raw in enumerate(lines, 1):
        line = raw.rstrip(b"\r\n")
        try:
            outer, signed = json.loads(line), line[SIGNED_AT:-1]
            facts = json.loads(signed)
            key.verify(b64decode(outer["signature"]), signed)
            claim = Checkpoint(str(facts["log"]), int(facts["number"]), str(facts["hash"]))
        except (ValueError, KeyError, TypeError, InvalidSignature) as error:
            report.defect(f"checkpoint line {place}: not signed by this key or damaged ({type(error).__name__})")
            continue
        if facts["previous"] != previous:
            report.defect(f"checkpoint line {place}: a checkpoint before it is missing or changed")
        previous = sha256(line).hexdigest()
        if claims and claim.number < claims[-1].number:
            report.defect(f"checkpoint line {place}: goes back behind entry {claims[-1].number}")
        claims.append(claim)
    report.checkpoints = len(claims)
    return claims


def verify(
    lines: Iterable[bytes], checkpoints: Iterable[bytes], key: Ed25519PublicKey, *, log: str | None = None
) -> Report:
    """Check a whole export against the checkpoints. One pass, constant memory beside the checkpoints."""
    report = Report(log=log or "")
    claims = read_checkpoints(checkpoints, key, report)
    report.log = report.log or (claims[0].log if claims else "")
    expected = {claim.number: claim.hash for claim in claims}
    for place, claim in enumerate(claims, 1):
        if report.log and claim.log != report.log:
            report.defect(f"checkpoint {place}: of another log, {claim.log}")
    digest = b""
    for number, raw in enumerate(lines, 1):
        digest = _entry(raw.rstrip(b"\r\n"), number, digest, report)
        if number in expected and expected.pop(number) != digest.hex():
            report.defect(f"entry {number}: not what the checkpoint signed; entries up to here were rewritten")
        report.entries = number
    if missing := [number for number in expected if number > 0]:
        report.defect(f"the log ends at entry {report.entries}, but entry {max(missing)} was signed: cut off")
    report.uncovered = report.entries - max((claim.number for claim in claims), default=0)
    return report


def _entry(line: bytes, number: int, previous: bytes, report: Report) -> bytes:
    """Check one line and return its hash, computed."""
    claimed, text = line[HASH_AT : HASH_AT + 64], line[TEXT_AT:-1]
    try:
        facts = json.loads(text)
        outer = line == b'{"hash":"' + claimed + b'","entry":' + text + b"}"
        found, log = int(facts["number"]), str(facts["log"])
    except (ValueError, KeyError, TypeError):
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
    if digest.hex().encode() != claimed:
        report.defect(f"entry {found}: its content does not have its hash; it, or one before it, was changed")
    return digest


def main(arguments: list[str] | None = None) -> int:
    """Read the files, print what was found."""
    parser = argparse.ArgumentParser(description="Verify an exported audit log.")
    parser.add_argument("export", type=Path, help="the log, as `audit export` wrote it")
    parser.add_argument("--key", type=Path, required=True, help="the public key, PEM")
    parser.add_argument("--checkpoints", type=Path, required=True, help="the separately kept checkpoints")
    parser.add_argument("--log", help="the log's id; by default the one that the checkpoints name")
    parser.add_argument("--json", action="store_true", help="print facts as JSON")
    options = parser.parse_args(arguments)
    try:
        key = load_pem_public_key(options.key.read_bytes())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError(f"{options.key} does not hold an Ed25519 key")
        with options.export.open("rb") as lines, options.checkpoints.open("rb") as claims:
            report = verify(lines, claims, key, log=options.log)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"verifier: {error}\n")
        return 2
    sys.stdout.write((json.dumps(asdict(report)) if options.json else summary(report)) + "\n")
    return 1 if report.defects else 0


def summary(report: Report) -> str:
    """The findings for people."""
    what = f"{report.entries} entries, {report.checkpoints} checkpoints, {report.uncovered} after the last checkpoint"
    return "\n".join(
        [*report.defects, f"log {report.log or '?'}: {what}: {'NOT whole' if report.defects else 'whole'}"]
    )


if __name__ == "__main__":
    sys.exit(main())
