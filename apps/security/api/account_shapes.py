"""What goes over the wire about how people sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.security.identity.devices import label
from apps.security.models import ConsoleSession, Factor
from rustok.api import Body, Out

Code = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9A-Za-z -]*$")]


class SessionOut(Out):
    """Where somebody is signed in. The cookie's value is known to nobody but the browser."""

    id: UUID
    user: UUID
    method: str = Field(description="How the person proved who it is: `password`, `password+totp`, `passkey`, `oidc` …")
    device: str = Field(description="Guessed from what the browser says of itself.")
    address: str
    created_at: datetime
    seen_at: datetime = Field(description="The last use, to a minute.")
    expires_at: datetime


class FactorOut(Out):
    """A second factor without its secret."""

    id: UUID
    user: UUID
    kind: Literal["totp", "passkey"]
    name: str
    host: str = Field(description="Where a passkey works; empty for an app.")
    created_at: datetime
    last_used_at: datetime | None


class RemoveFactorBody(Body):
    """Proof for the removal of one's own factor."""

    code: Code = Field("", description="A code of an authenticator app, or a recovery code; for one's own factors.")


def session_out(row: ConsoleSession) -> dict[str, Any]:
    """The members of SessionOut."""
    plain = {name: getattr(row, name) for name in ("id", "method", "address", "created_at", "seen_at", "expires_at")}
    return plain | {"user": row.user_id, "device": label(row.device)}


def factor_out(factor: Factor) -> dict[str, Any]:
    """The members of FactorOut."""
    plain = {name: getattr(factor, name) for name in ("id", "kind", "name", "host", "created_at", "last_used_at")}
    return plain | {"user": factor.user_id}
