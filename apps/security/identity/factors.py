"""Second factors of a person: adding an authenticator app, proving one by its code, recovery codes, names, removal.

Passkeys are proved in `passkeys`. Whoever calls `rename`, `remove` or the making of codes asks for a fresh sign-in
first (`services.require_fresh`); pages do.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.access.grants import check_held
from apps.security.identity import lockout, rules, totp
from apps.security.identity.errors import SecondFactorNeeded, SecondFactorOff, SecondFactorRefused, SignInLocked
from apps.security.identity.services import person_key, refused
from apps.security.models import Factor, RecoveryCode, User
from apps.security.models.identity import TOTP
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.constraints import unique
from rustok.db.ids import new_id
from rustok.db.transactions import unit_of_work
from rustok.errors.families import NotFound
from rustok.policy import Action, ResourceGuard
from rustok.sealing import Unsealable, seal, unseal
from rustok.text import clean

CODES: Final = 10
RECOVERY: Final = "recovery"
REMOVAL: Final = "removal"
"""Counted apart: whoever has stolen a token must not be able to keep its owner from signing in."""
PURPOSE: Final = "factor.totp"
_LONGEST_CODE: Final = 64


@dataclass(frozen=True, slots=True)
class Draft:
    """An authenticator app that is being added: its secret is sealed from the first moment."""

    id: UUID
    sealed: bytes

    @classmethod
    def new(cls) -> Draft:
        """With a fresh secret."""
        key = new_id()
        return cls(key, seal(totp.new_secret(), purpose=PURPOSE, row=key))

    @property
    def secret(self) -> bytes:
        """What the app has to learn."""
        return unseal(self.sealed, purpose=PURPOSE, row=self.id)

    def stored(self) -> dict[str, str]:
        """For the session."""
        return {"id": str(self.id), "sealed": base64.b64encode(self.sealed).decode()}

    @classmethod
    def read(cls, stored: dict[str, str]) -> Draft:
        """From the session."""
        return cls(UUID(stored["id"]), base64.b64decode(stored["sealed"]))


def add_app(*, user: User, draft: Draft, name: str, code: str) -> tuple[Factor, tuple[str, ...]]:
    """Add an authenticator app that shows the right code. Raises SecondFactorRefused, SecondFactorOff, InvalidInput.

    The second value holds recovery codes when the person had none; they are shown once and stored hashed.
    """
    refuse_when_off()
    at = timezone.now()
    step = totp.matching_step(draft.secret, _digits(code), at=at.timestamp(), after=0)
    if step is None:
        raise SecondFactorRefused
    factor = Factor(
        pk=draft.id, user=user, kind=TOTP, name=name_of(name, user=user, kind=TOTP), material=draft.sealed, counter=step
    )
    return factor, store(factor)


def store(factor: Factor) -> tuple[str, ...]:
    """Keep a proven factor; returns recovery codes if these are the person's first. Twice raises DuplicateEntry."""
    with unit_of_work() as uow, unique(str(_("second factor")), factor.name):
        factor.save(force_insert=True)
        details = {"kind": factor.kind, "name": factor.name, "factor": str(factor.pk)}
        uow.audit(AuditEntry(action="factor:add", target=str(factor.user_id), details=details))
        has_codes = RecoveryCode.objects.filter(user_id=factor.user_id, used_at=None).exists()
        return () if has_codes else new_codes(user=factor.user)


def prove_code(*, user: User, code: str, counted: str = "factor") -> str:
    """Accept a code of an app, or a recovery code, once; returns which: "totp" or "recovery".

    Attempts are counted by what they are for (`counted`), so that wrong ones at one door close no other.
    Raises SecondFactorRefused, SignInLocked. Parallel uses of one code: one is accepted.
    """
    at, keys = timezone.now(), (person_key(counted, user),)
    wait = lockout.take(keys, at=at)
    if wait:
        raise SignInLocked(wait=lockout.words(wait), retry_after=wait)
    by = _accept_app(user, _digits(code), at) or _accept_recovery(user, code, at)
    if not by:
        refused(keys, method=TOTP, at=at)
        raise SecondFactorRefused
    lockout.give_back(keys, at=at)
    return by


def new_codes(*, user: User) -> tuple[str, ...]:
    """Replace the recovery codes; the values are shown once, only hashes are kept."""
    codes = tuple(_new_code() for _number in range(CODES))
    with unit_of_work() as uow:
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create([RecoveryCode(user=user, digest=_digest(user, code)) for code in codes])
        uow.audit(AuditEntry(action="factor:new_codes", target=str(user.pk), details={"codes": len(codes)}))
    return codes


def codes_left(user: User) -> int:
    """How many recovery codes were not used yet."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def rename(*, user: User, factor_id: UUID, name: str) -> Factor:
    """Give one of the person's factors another name. Raises NotFound, InvalidInput."""
    factor = _own(user, factor_id)
    factor.name = name_of(name, user=user, kind=factor.kind)
    with unit_of_work() as uow:
        factor.save(update_fields=["name"])
        uow.audit(AuditEntry(action="factor:rename", target=str(user.pk), details={"factor": str(factor_id)}))
    return factor


def remove(*, user: User, factor_id: UUID) -> None:
    """Remove one of the person's factors; the last one takes the recovery codes with it.

    Raises NotFound, and SecondFactorNeeded when the console requires a factor and this is the last.
    """
    with unit_of_work() as uow:
        User.objects.select_for_update().get(pk=user.pk)  # two removals at once must not both see another factor
        factor = _own(user, factor_id)
        is_last = _refuse_last(user, factor_id)
        factor.delete()
        if is_last:
            RecoveryCode.objects.filter(user=user).delete()
        details = {"kind": factor.kind, "name": factor.name, "factor": str(factor_id)}
        uow.audit(AuditEntry(action="factor:remove", target=str(user.pk), details=details))


def remove_by_program(*, factor: Factor, code: str, context: ExecutionContext) -> None:
    """Remove a factor over REST. Needs `factor:delete` for it, and one's own takes a code of a factor as well.

    Somebody else's takes every permission of that person. Raises PermissionDenied, GrantExceeded, SecondFactorRefused,
    SignInLocked, SecondFactorNeeded.
    """
    ResourceGuard(factor, context).ensure(Action.DELETE)
    if factor.user.actor == context.actor:
        _refuse_last(factor.user, factor.pk)  # before a recovery code is used up for nothing
        prove_code(user=factor.user, code=code, counted=REMOVAL)
    else:
        check_held(factor.user.granted, context)
    remove(user=factor.user, factor_id=factor.pk)


def refuse_when_off() -> None:
    """Raise SecondFactorOff when the console offers no second factors."""
    if rules.second_factor() == rules.OFF:
        raise SecondFactorOff


def name_of(name: str, *, user: User, kind: str) -> str:
    """A name for a factor: the one that was given, or its kind with a number. Raises InvalidInput."""
    if name.strip():
        return clean(name, field="name", longest=100)
    number = Factor.objects.filter(user=user, kind=kind).count() + 1
    return f"{_('Authenticator app') if kind == TOTP else _('Passkey')} {number}"


def _refuse_last(user: User, factor_id: UUID) -> bool:
    """Whether it is the person's last factor; raises SecondFactorNeeded when the console requires one."""
    is_last = not Factor.objects.filter(user=user).exclude(pk=factor_id).exists()
    if is_last and rules.second_factor() == rules.REQUIRED:
        raise SecondFactorNeeded
    return is_last


def _own(user: User, factor_id: UUID) -> Factor:
    factor = Factor.objects.filter(user=user, pk=factor_id).first()
    if factor is None:
        raise NotFound(resource=str(_("second factor")))
    return factor


def _accept_app(user: User, code: str, at: datetime) -> str:
    for factor in Factor.objects.filter(user=user, kind=TOTP):
        try:
            secret = unseal(bytes(factor.material), purpose=PURPOSE, row=factor.pk)
        except Unsealable:
            continue
        step = totp.matching_step(secret, code, at=at.timestamp(), after=factor.counter)
        if step is not None and _advance(factor, step, at):
            return TOTP
    return ""


def _advance(factor: Factor, step: int, at: datetime) -> bool:
    """Whether this call is the one that uses up the time step."""
    mine = Factor.objects.filter(pk=factor.pk, counter__lt=step).update(counter=step, last_used_at=at)
    return bool(mine)


def _accept_recovery(user: User, code: str, at: datetime) -> str:
    if len(code) > _LONGEST_CODE:
        return ""
    with unit_of_work() as uow:
        unused = RecoveryCode.objects.filter(user=user, digest=_digest(user, code), used_at=None)
        if not unused.update(used_at=at):
            return ""
        uow.audit(AuditEntry(action="factor:use_code", target=str(user.pk), details={"left": codes_left(user)}))
    return RECOVERY


def _digits(code: str) -> str:
    digits = "".join(code.split())
    return digits if digits.isascii() and digits.isdigit() and len(digits) == totp.DIGITS else ""


def _new_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def _digest(user: User, code: str) -> bytes:
    plain = code.strip().lower().replace("-", "").replace(" ", "")
    return hashlib.sha256(user.pk.bytes + plain.encode()).digest()
