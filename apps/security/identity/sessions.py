"""Sessions of the consoles: Django's session engine on a table that people can read and end.

The cookie's value is not stored, only its SHA-256, so that a copy of the table opens nothing. A session ends when its
row goes, when nobody uses it for `session_idle`, and `session_lifetime` after the sign-in whatever is done with it.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.security.models import ConsoleSession
from rustok.config import config
from rustok.context import current

TOUCH: Final = timedelta(seconds=60)
"""How coarse the time of last use is, so that it costs a write a minute and not one a page."""
VISIT_BACKEND: Final = "apps.security.identity.visitors.VisitBackend"
ENDS_AT: Final = "ends_at"
METHOD: Final = "method"
DEVICE: Final = "device"


class SessionStore(SessionBase):
    """Django's `SESSION_ENGINE` (the name is Django's). One statement to load, one to save."""

    row: ConsoleSession | None = None

    @classmethod
    def clear_expired(cls) -> None:
        """Remove the rows of sessions that are over, in the current scope."""
        now = timezone.now()
        ConsoleSession.objects.filter(expires_at__lte=now).delete()
        ConsoleSession.objects.filter(seen_at__lte=now - idle_time()).delete()

    def load(self) -> dict[str, Any]:
        """The session's data; an unknown or finished one is forgotten."""
        self.row = self._find()
        if self.row is None or self.row.is_over(at=timezone.now(), idle=idle_time()):
            self._session_key = None
            return {}
        return self.decode(self.row.data)

    def exists(self, session_key: str) -> bool:
        """Whether the key is taken."""
        return ConsoleSession.objects.filter(key_hash=_digest(session_key)).exists()

    def create(self) -> None:
        """Begin a session under a new key."""
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]  # Django's own hook
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Store the data; raises UpdateError when somebody has ended the session meanwhile."""
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # Django's own hook
        values = {"data": self.encode(data), **_facts(data)}
        if not must_create:
            if not ConsoleSession.objects.filter(key_hash=_digest(self.session_key)).update(**values):
                raise UpdateError
            return
        self._insert(values)

    def delete(self, session_key: str | None = None) -> None:
        """End a session, this one by default."""
        key = session_key or self.session_key
        if key is not None:
            ConsoleSession.objects.filter(key_hash=_digest(key)).delete()

    def touch(self, *, device: str) -> None:
        """Note that the session is used, once a minute."""
        now, row = timezone.now(), self.row
        if row is not None and now - row.seen_at >= TOUCH:
            facts = {"seen_at": now, "address": current().address, "device": device[:300]}
            ConsoleSession.objects.filter(pk=row.pk).update(**facts)

    @property
    def id(self) -> UUID | None:
        """The id of the row that was loaded, by which people know the session."""
        return self.row.pk if self.row is not None else None

    def _insert(self, values: dict[str, Any]) -> None:
        now = timezone.now()
        values.setdefault("expires_at", now + timedelta(seconds=config().session_lifetime))
        row = ConsoleSession(
            key_hash=_digest(self.session_key or ""), created_at=now, seen_at=now, address=current().address, **values
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise CreateError from error
        self.row = row

    def _find(self) -> ConsoleSession | None:
        key = self.session_key
        return ConsoleSession.objects.filter(key_hash=_digest(key)).first() if key else None


def idle_time() -> timedelta:
    """How long a session may go unused."""
    return timedelta(seconds=config().session_idle)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    """The columns that say whose session it is, from what is in it."""
    owner = UUID(data[SESSION_KEY]) if data.get(SESSION_KEY) else None
    is_visit = data.get(BACKEND_SESSION_KEY) == VISIT_BACKEND
    facts: dict[str, Any] = {
        "user_id": None if is_visit else owner,
        "visit_id": owner if is_visit else None,
        "method": str(data.get(METHOD, "")),
        "device": str(data.get(DEVICE, ""))[:300],
    }
    if ENDS_AT in data:
        facts["expires_at"] = datetime.fromtimestamp(float(data[ENDS_AT]), tz=UTC)
    return facts
