"""Signing in and out: proving a password, asking for a second factor, opening and ending sessions.

Every way in ends in `enter` (or `sign_in`, when nothing more may be asked): passwords, passkeys, identity providers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.auth import authenticate, login
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from apps.security.access.grants import check_held
from apps.security.identity import lockout, rules
from apps.security.identity.devices import known_device, normal
from apps.security.identity.errors import FreshSignInNeeded, SignInLocked, SignInRefused
from apps.security.identity.sessions import DEVICE, ENDS_AT, METHOD, SessionStore, idle_time
from apps.security.models import ConsoleSession, RecoveryCode, User
from rustok.api.addresses import network_of
from rustok.audit import AuditEntry
from rustok.config import config
from rustok.context import ExecutionContext, amended, current
from rustok.db.transactions import unit_of_work
from rustok.errors.families import NotFound
from rustok.policy import Action, ResourceGuard, identity, require

BACKEND: Final = "apps.security.backends.ConsoleBackend"
STRONG: Final = "strong"
PROVED_AT: Final = "proved_at"
PENDING: Final = "pending"
PENDING_SECONDS: Final = 600
PERSON: Final = identity("user")


def prove_password(*, request: HttpRequest, username: str, password: str) -> User:
    """The user whose name (or e-mail address) and password these are. Raises SignInRefused, SignInLocked.

    Wrong password, unknown name and inactive user cost the same statements and one hash, and give the same answer.
    """
    at, keys = timezone.now(), attempt_keys(request, username)
    _take(keys, at=at)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        refused(keys, method="password", at=at)
        raise SignInRefused
    lockout.give_back(keys, at=at)
    return user


def recheck_password(*, user: User, password: str) -> bool:
    """Whether it is the user's password, asked of somebody who is signed in. Counted apart; raises SignInLocked."""
    at, keys = timezone.now(), (person_key("recheck", user),)
    _take(keys, at=at)
    if user.check_password(password):
        lockout.give_back(keys, at=at)
        return True
    refused(keys, method="password", at=at)
    return False


def enter(request: HttpRequest, user: User, *, method: str, strong: bool = False, next_url: str = "") -> str:
    """Go on after an identity was proven, and return the path to go to: the goal, or the page of the second factor.

    `method` says by what: password, passkey, oidc. `strong`: that proof had two factors already. A person with a second
    factor who did not use it is not signed in yet.
    """
    goal = next_url if url_has_allowed_host_and_scheme(next_url, allowed_hosts=None) else reverse("admin:index")
    if not strong and rules.second_factor() != rules.OFF and user.factors.exists():
        _hold(request, user, method=method, goal=goal)
        return reverse("admin:second_step")
    sign_in(request, user, method=method, strong=strong)
    return goal


def sign_in(request: HttpRequest, user: User, *, method: str, strong: bool = False) -> None:
    """Open the session under a new key (against fixation), with a new CSRF token; note how, there and in the log."""
    now = time.time()
    with amended(actor=user.actor), unit_of_work() as uow:
        SessionStore.clear_expired()
        lockout.forget_old(at=timezone.now())
        login(request, user, backend=BACKEND)
        request.session.pop(PENDING, None)
        facts: dict[str, Any] = {METHOD: method, STRONG: strong, PROVED_AT: now, DEVICE: device_of(request)}
        request.session.update(facts | {ENDS_AT: now + config().session_lifetime})
        request.session.cycle_key()
        details = {"method": method, "second_factor": strong}
        uow.audit(AuditEntry(action="session:create", target=str(user.pk), details=details))


def pending_user(request: HttpRequest) -> tuple[User, str, str] | None:
    """Who has proved an identity and still owes a second factor: the user, by what method, and where to go then."""
    held = request.session.get(PENDING)
    if held is None or time.time() - held["at"] > PENDING_SECONDS:
        return None
    user = User.objects.filter(pk=UUID(held["user"]), is_active=True).first()
    if user is None or user.get_session_auth_hash() != held["hash"]:
        return None
    return user, held["method"], held["goal"]


def complete(request: HttpRequest, *, by: str) -> str:
    """Finish what `enter` began, after the second factor; returns where to go. Raises SignInRefused."""
    held = pending_user(request)
    if held is None:
        raise SignInRefused
    user, method, goal = held
    sign_in(request, user, method=f"{method}+{by}"[:20], strong=True)
    return goal


def is_strong(request: HttpRequest) -> bool:
    """Whether the session was opened, or confirmed since, with a second factor."""
    return bool(request.session.get(STRONG))


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person proved a moment ago (`step_up_seconds`) who it is."""
    return time.time() - float(request.session.get(PROVED_AT, 0.0)) <= config().step_up_seconds


def require_fresh(request: HttpRequest) -> None:
    """Raise FreshSignInNeeded unless the person proved a moment ago who it is."""
    if not is_fresh(request):
        raise FreshSignInNeeded


def confirmed(request: HttpRequest, *, strong: bool) -> None:
    """Note that the person has just proved again who it is (`strong`: by a second factor), under a new key."""
    request.session[PROVED_AT] = time.time()
    request.session[STRONG] = is_strong(request) or strong
    request.session.cycle_key()


def sessions_of(user: User) -> list[ConsoleSession]:
    """The user's sessions that go on, the latest used first."""
    now = timezone.now()
    found = ConsoleSession.objects.filter(user=user, expires_at__gt=now, seen_at__gt=now - idle_time())
    return list(found.order_by("-seen_at"))


def end_session(*, session_id: UUID, context: ExecutionContext) -> None:
    """End a session at once. One's own, or with `session:delete` anybody's. Raises NotFound, PermissionDenied."""
    with unit_of_work() as uow:
        row = ConsoleSession.objects.select_related("user").filter(pk=session_id).first()
        if row is None:
            raise NotFound(resource="session")
        if row.user is None or row.user.actor != context.actor:
            require(context, "session:delete")
        row.delete()
        target = str(row.user_id or row.visit_id or "")
        uow.audit(AuditEntry(action="session:end", target=target, details={"session": str(session_id)}))


def end_sessions(*, user: User, context: ExecutionContext, but: UUID | None = None) -> int:
    """End all sessions of a user, except one; returns how many. One's own, or with `session:delete`."""
    if user.actor != context.actor:
        require(context, "session:delete")
    with unit_of_work() as uow:
        others = ConsoleSession.objects.filter(user=user)
        ended, _by_table = (others.exclude(pk=but) if but is not None else others).delete()
        uow.audit(AuditEntry(action="session:end_all", target=str(user.pk), details={"sessions": ended}))
    return ended


def end_own_sessions(*, context: ExecutionContext) -> int:
    """End every console session of the person who acts; returns how many. A program has none.

    Needs `session:delete`, for own ones at least.
    """
    mine = PERSON(context)
    rows = ResourceGuard("session", context).visible(ConsoleSession.objects.all(), Action.DELETE)
    if not isinstance(mine, UUID):
        return 0
    with unit_of_work() as uow:
        ended, _by_table = rows.filter(user_id=mine).delete()
        uow.audit(AuditEntry(action="session:end_all", target=str(mine), details={"sessions": ended}))
    return ended


def unlock(*, user: User, context: ExecutionContext) -> bool:
    """Let a person try again at once, whatever was counted; returns whether anything was. Needs `user:update`."""
    require(context, "user:update")
    keys = [lockout.Key("name", normal(name), lockout.account_limits()) for name in (user.username, user.email) if name]
    keys += [person_key(kind, user) for kind in ("recheck", "factor", "removal")]
    with unit_of_work() as uow:
        counted = lockout.forget([key.digest for key in keys])
        uow.audit(AuditEntry(action="user:unlock", target=str(user.pk), details={"counts": counted}))
    return counted > 0


def remove_factors(*, user: User, context: ExecutionContext) -> None:
    """Take all factors and recovery codes from a person who has lost them; sessions end.

    Needs `user:update` and, as for another's password, every permission of the user. Raises GrantExceeded.
    """
    require(context, "user:update")
    check_held(user.granted, context)
    with unit_of_work() as uow:
        removed, _by_table = user.factors.all().delete()
        RecoveryCode.objects.filter(user=user).delete()
        ConsoleSession.objects.filter(user=user).delete()
        uow.audit(AuditEntry(action="factor:remove_all", target=str(user.pk), details={"factors": removed}))


def attempt_keys(request: HttpRequest, username: str) -> tuple[lockout.Key, ...]:
    """What an attempt under this name counts for: its device when it is a known one, else the name and the address."""
    device = known_device(request, username)
    if device:
        return (lockout.Key("device", device, lockout.account_limits()),)
    return lockout.Key("name", normal(username), lockout.account_limits()), address_key()


def address_key() -> lockout.Key:
    """What every attempt from this address counts for."""
    return lockout.Key("address", network_of(current().address), lockout.address_limits(), resets=False)


def person_key(kind: str, user: User) -> lockout.Key:
    """What the attempts of one person at one kind of proof count for."""
    return lockout.Key(kind, str(user.pk), lockout.account_limits())


def refused(keys: Sequence[lockout.Key], *, method: str, at: datetime) -> None:
    """Note a failed attempt in the audit log, the same for names that exist and that do not."""
    wait = lockout.longest_wait(keys, at=at)
    outcome = "locked" if wait else "refused"
    with unit_of_work() as uow:
        details = {"method": method, "wait_seconds": round(wait)}
        uow.audit(AuditEntry(action="session:refuse", outcome=outcome, details=details))


def device_of(request: HttpRequest) -> str:
    """What the browser calls itself."""
    return str(request.META.get("HTTP_USER_AGENT", ""))[:300]


def _take(keys: Sequence[lockout.Key], *, at: datetime) -> None:
    wait = lockout.take(keys, at=at)
    if wait:
        raise SignInLocked(wait=lockout.words(wait), retry_after=wait)


def _hold(request: HttpRequest, user: User, *, method: str, goal: str) -> None:
    request.session.flush()
    request.session[PENDING] = {
        "user": str(user.pk),
        "hash": user.get_session_auth_hash(),
        "method": method,
        "goal": goal,
        "at": time.time(),
    }
