"""What goes over the wire about service tokens: the members of RFC 6749 sections 4 to 6, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.security.identity.passwords import LONGEST
from apps.security.models import TokenFamily
from apps.security.tokens.services import IssuedTokens
from rustok.api import Body, Out
from rustok.api.models import OptionalLine
from rustok.text import ONE_LINE

_ONE = r"([a-z][a-z0-9_]*:([a-z][a-z0-9_]*|\*)|\*:\*)(:(all|own|none))?"
Scope = Annotated[str, StringConstraints(min_length=3, max_length=4000, pattern=rf"^{_ONE}( {_ONE})*$")]
Password = Annotated[str, StringConstraints(max_length=LONGEST, pattern=ONE_LINE)]
AnyToken = Annotated[str, StringConstraints(min_length=1, max_length=8192, pattern=r"^[!-~]+$")]


class TokenRequestBody(Body):
    """What is offered for tokens."""

    grant_type: Literal["client_credentials", "refresh_token", "password"] = Field(
        description=(
            "`client_credentials`: the API key is the Bearer credential. `refresh_token`: it is in this body. "
            "`password`: a person, with the code of a second factor where there is one."
        )
    )
    refresh_token: AnyToken | None = Field(None, description="For `refresh_token`; used up by this call.")
    scope: Scope | None = Field(
        None, description="Permissions, separated by spaces: some of what the parent holds. Left out: all of them."
    )
    username: OptionalLine = Field("", description="For `password`: user name or e-mail address.")
    password: Password = Field("", description="For `password`.")
    otp: OptionalLine = Field("", description="For `password`: a code of the authenticator app, or a recovery code.")


class TokenOut(Out):
    """A pair of tokens (RFC 6749 section 5.1)."""

    access_token: str = Field(description="The Bearer credential of the next requests.")
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds until the access token ends.")
    refresh_token: str = Field(description="Trade it for the next pair, once. Keep it like a password.")
    scope: str = Field(description="What the access token grants.")


class RevokeTokenBody(Body):
    """The token to give up (RFC 7009)."""

    token: AnyToken = Field(description="A refresh token or an access token.")
    token_type_hint: OptionalLine = Field("", description="Not needed; accepted for clients that send it.")


class TokenFamilyOut(Out):
    """One session: what grew out of one exchange."""

    id: UUID
    parent: str = Field(description="Whom the tokens stand for, as `kind:id`.")
    label: str
    permissions: list[str]
    address: str = Field(description="Where the last refresh came from.")
    created_at: datetime
    refreshed_at: datetime
    expires_at: datetime = Field(description="When the session ends unless it is refreshed.")
    ends_at: datetime = Field(description="When it ends in any case.")


class KeyOut(Out):
    """One public key (RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    use: Literal["sig"]
    alg: Literal["Ed25519"]
    kid: str
    x: str


class KeySetOut(Out):
    """The public keys of access tokens (RFC 7517)."""

    keys: list[KeyOut]


def token_out(issued: IssuedTokens) -> dict[str, Any]:
    """The shape of `TokenOut`."""
    return {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "refresh_token": issued.refresh_token,
        "scope": " ".join(sorted(issued.permissions)),
    }


def token_family_out(family: TokenFamily) -> dict[str, Any]:
    """The shape of `TokenFamilyOut`."""
    return {name: getattr(family, name) for name in TokenFamilyOut.model_fields}
