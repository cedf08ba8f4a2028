"""Passkeys: the ceremonies of WebAuthn (https://www.w3.org/TR/webauthn-3/, section 7), verified by Yubico's `fido2`.

What the library leaves open is decided here: the origin must be this very host and port (not any subdomain), the
algorithm one of three, a signature counter must grow, and a challenge is good once, for five minutes, for one purpose.
Attestation is not asked for: a shop has no list of makers it trusts. A challenge lives in a signed text of the page, so
that strangers who look at the sign-in page leave no rows behind; using it is noted in the shared table of nonces.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core import signing
from django.http import HttpRequest
from django.utils import timezone
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    Aaguid,
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from apps.operations.nonces import claim_nonce
from apps.security.identity.errors import PasskeyRefused
from apps.security.identity.factors import name_of, refuse_when_off, store
from apps.security.models import Factor, User
from apps.security.models.identity import PASSKEY
from rustok.audit import AuditEntry
from rustok.config import config
from rustok.context import current
from rustok.db.transactions import unit_of_work

SECONDS: Final = 300
ALGORITHMS: Final = (-7, -8, -257)
"""ES256, EdDSA, RS256 of the COSE registry: what authenticators have; SHA-1 is not among them."""
ENROL: Final = "enrol"
SIGN_IN: Final = "sign-in"
SECOND: Final = "second"
LONGEST_ID: Final = 1023
"""Bytes of a credential's id (section 7.1, step 25)."""
_LONGEST: Final = 32_768
_PORTS: Final = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a page needs to talk to the authenticator: options for the browser, and a signed note for us."""

    options: dict[str, Any]
    note: str


def enrolment(request: HttpRequest, user: User) -> Ceremony:
    """Ask the browser to make a passkey for this user; those that exist already are named, so that none is doubled."""
    refuse_when_off()
    options, state = _server(request).register_begin(
        PublicKeyCredentialUserEntity(id=user.pk.bytes, name=user.username, display_name=user.username),
        credentials=_descriptors(_of(user, request)),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
        challenge=os.urandom(32),
    )
    return Ceremony(dict(options), _note(state, purpose=ENROL, user=user))


def enrol(request: HttpRequest, user: User, *, note: str, answer: str, name: str) -> tuple[Factor, tuple[str, ...]]:
    """Keep the passkey that the browser made. Raises PasskeyRefused, InvalidInput, SecondFactorOff.

    The second value holds recovery codes when the person had none.
    """
    refuse_when_off()
    state, given = _opened(note, purpose=ENROL, user=user), _parsed(answer)
    try:
        data = _server(request).register_complete(state, given)
        made, client = data.credential_data, RegistrationResponse.from_dict(given).response.client_data
    except Exception as error:  # parsers of what strangers send raise whatever they meet
        raise PasskeyRefused from error
    if made is None or client.cross_origin or made.public_key.get(3) not in ALGORITHMS:
        raise PasskeyRefused
    if not 1 <= len(made.credential_id) <= LONGEST_ID or Factor.objects.filter(credential=made.credential_id).exists():
        raise PasskeyRefused
    factor = Factor(
        user=user,
        kind=PASSKEY,
        name=name_of(name, user=user, kind=PASSKEY),
        material=cbor.encode(dict(made.public_key)),
        credential=made.credential_id,
        host=_host(request),
        counter=data.counter,
    )
    return factor, store(factor)


def challenge(request: HttpRequest, user: User | None = None) -> Ceremony:
    """Ask for a passkey: any that knows this host (to sign in without a name), or one of this user (second factor)."""
    wanted = UserVerificationRequirement.REQUIRED if user is None else UserVerificationRequirement.PREFERRED
    options, state = _server(request).authenticate_begin(
        credentials=None if user is None else _descriptors(_of(user, request)),
        user_verification=wanted,
        challenge=os.urandom(32),
    )
    return Ceremony(dict(options), _note(state, purpose=SIGN_IN if user is None else SECOND, user=user))


def prove(request: HttpRequest, *, note: str, answer: str, user: User | None = None) -> User:
    """Whose passkey answered: the given user's, or without one anybody's on this host. Raises PasskeyRefused."""
    state = _opened(note, purpose=SIGN_IN if user is None else SECOND, user=user)
    given = _parsed(answer)
    try:
        parsed = AuthenticationResponse.from_dict(given)
        known = Factor.objects.select_related("user").get(kind=PASSKEY, credential=parsed.raw_id, host=_host(request))
        handle = parsed.response.user_handle
        if parsed.response.client_data.cross_origin or (handle and handle != known.user_id.bytes):
            raise PasskeyRefused
        _server(request).authenticate_complete(state, [_credential(known)], given)
        counter = parsed.response.authenticator_data.counter
    except Exception as error:  # parsers of what strangers send raise whatever they meet
        raise PasskeyRefused from error
    if not known.user.is_active or (user is not None and known.user_id != user.pk):
        raise PasskeyRefused
    _count(known, counter, at=timezone.now())
    return known.user


def has_passkey(user: User, request: HttpRequest) -> bool:
    """Whether the user has a passkey that works on this host."""
    return bool(_of(user, request))


def _count(factor: Factor, counter: int, *, at: datetime) -> None:
    """Move the signature counter on (section 6.1.1): one that does not grow may be a copy of the passkey."""
    rows = Factor.objects.filter(pk=factor.pk)
    if counter or factor.counter:
        rows = rows.filter(counter__lt=counter)
    if rows.update(counter=counter, last_used_at=at):
        return
    with unit_of_work() as uow:
        details = {"factor": str(factor.pk), "counter": counter, "known": factor.counter}
        uow.audit(AuditEntry(action="factor:copied", target=str(factor.user_id), outcome="refused", details=details))
    raise PasskeyRefused


def _server(request: HttpRequest) -> Fido2Server:
    origin = _origin(request)
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=_host(request), name="RusToK"), verify_origin=lambda given: given == origin
    )
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=algorithm)
        for algorithm in ALGORITHMS
    ]
    server.timeout = SECONDS * 1000  # type: ignore[assignment]  # it says None where it means "or milliseconds"
    return server


def _origin(request: HttpRequest) -> str:
    """What the browser calls this place: scheme and host as declared, never what a header claims."""
    scheme = config().scheme
    return f"{scheme}://{request.get_host().lower().removesuffix(_PORTS[scheme])}"


def _host(request: HttpRequest) -> str:
    return request.get_host().partition(":")[0].lower()


def _of(user: User, request: HttpRequest) -> list[Factor]:
    return list(Factor.objects.filter(user=user, kind=PASSKEY, host=_host(request)))


def _descriptors(factors: Sequence[Factor]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=bytes(factor.credential or b""))
        for factor in factors
    ]


def _credential(factor: Factor) -> AttestedCredentialData:
    key: Any = cbor.decode(bytes(factor.material))
    return AttestedCredentialData.create(Aaguid.NONE, bytes(factor.credential or b""), CoseKey.parse(key))


def _note(state: Mapping[str, Any], *, purpose: str, user: User | None) -> str:
    facts = {
        "challenge": state["challenge"],
        "verification": str(state["user_verification"] or ""),
        "purpose": purpose,
        "user": str(user.pk) if user else "",
    }
    return signing.dumps(facts, salt=_salt())


def _opened(note: str, *, purpose: str, user: User | None) -> dict[str, Any]:
    """The state of a ceremony that this place began for this purpose and user, once."""
    try:
        facts = signing.loads(note, salt=_salt(), max_age=SECONDS)
    except signing.BadSignature as error:
        raise PasskeyRefused from error
    if facts["purpose"] != purpose or facts["user"] != (str(user.pk) if user else ""):
        raise PasskeyRefused
    digest = hashlib.sha256(b"passkey" + websafe_decode(facts["challenge"])).digest()
    if not claim_nonce(digest, seconds=2 * SECONDS):
        raise PasskeyRefused
    return {"challenge": facts["challenge"], "user_verification": UserVerificationRequirement(facts["verification"])}


def _parsed(answer: str) -> dict[str, Any]:
    try:
        given = json.loads(answer) if len(answer) <= _LONGEST else None
    except (ValueError, RecursionError) as error:
        raise PasskeyRefused from error
    if not isinstance(given, dict):
        raise PasskeyRefused
    return given


def _salt() -> str:
    return f"rustok.passkey.{current().schema}"
