"""Why a signature was refused, told to whoever may read the shop's signing keys, and to nobody else.

Takes the request as its sender believes to have sent it and walks through the checks of the signature stage. What an
HMAC key would have signed is never told (that would sign for the caller), and no nonce is used up.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from apps.security.signing import Components, SignatureFields, Unreadable, signature_base
from apps.security.zero_trust import signature as stage
from apps.security.zero_trust.errors import SignatureInvalid
from apps.security.zero_trust.keyring import KnownKey, find_key
from rustok.errors import DomainError


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as its sender describes it."""

    method: str
    target_uri: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def meta(self) -> dict[str, str]:
        """The headers as a WSGI environment names them."""
        named = {name.upper().replace("-", "_"): value for name, value in self.headers.items()}
        bare = ("CONTENT_TYPE", "CONTENT_LENGTH")
        return {name if name in bare else f"HTTP_{name}": value for name, value in named.items()}

    @property
    def components(self) -> Components:
        """The request as the signature stage would see it; raises ValueError for what is no address."""
        parts = urlsplit(self.target_uri)
        port = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
        authority = parts.netloc.lower().removesuffix(port) if port else parts.netloc.lower()
        return Components(self.method, parts.scheme, authority, parts.path or "/", parts.query, self.meta)


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, and the refusal that it leads to (None: passed)."""

    name: str
    refusal: DomainError | None


@dataclass(slots=True)
class Explanation:
    """The checks in the order of the stage, and what the sender can compare: base and digest."""

    checks: list[Check] = field(default_factory=list)
    base: str = ""
    digest: str = ""

    @property
    def refusal(self) -> DomainError | None:
        """The first thing that is wrong; None: the stage would have accepted.

        The stage itself says less to who does not hold the key: 1145 also where the key is made for another algorithm.
        """
        return next((check.refusal for check in self.checks if check.refusal is not None), None)

    def run(self, name: str, check: Callable[[], object]) -> bool:
        """Make one check; whether it passed."""
        try:
            check()
        except DomainError as error:
            self.checks.append(Check(name, error))
            return False
        self.checks.append(Check(name, None))
        return True


def explain(sent: SentRequest) -> Explanation:
    """Walk through the checks; those that need what an earlier one lacks are left out. One or two statements."""
    told = Explanation(digest=_digest(sent.body))
    meta, read = sent.meta, []
    if not told.run("format", lambda: read.append(stage.read_fields(meta))):
        return told
    fields = read[0]
    covered = told.run("coverage", lambda: stage.check_coverage(fields, meta, sent.body))
    if "created" in fields.parameters:
        told.run("age", lambda: stage.check_age(fields, now=time.time()))
    told.base = _base(fields, sent.components)
    known = find_key(fields.parameters.get("keyid", ""), anywhere=False)
    if told.run("key", lambda: _expect(known)) and known is not None:
        told.run("algorithm", lambda: stage.check_algorithm(fields, known))
        told.run("signature", lambda: stage.check_fit(fields, known, sent.components))
        told.run("validity", lambda: stage.check_force(known))
    if covered:
        told.run("digest", lambda: stage.check_digest(meta.get("HTTP_CONTENT_DIGEST", ""), sent.body))
    return told


def _expect(known: KnownKey | None) -> None:
    if known is None:
        raise SignatureInvalid


def _base(fields: SignatureFields, components: Components) -> str:
    try:
        return signature_base(fields, components).decode("ascii")
    except Unreadable:
        return ""


def _digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:" if body else ""
