"""What goes over the wire about signing keys, signatures and the trust policy."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.security.api.shapes import Permission
from apps.security.models import SigningKey, TrustPolicy
from apps.security.zero_trust.explaining import Explanation
from apps.security.zero_trust.rules import Rules
from rustok.api import Body, Out
from rustok.api.models import Line

Algorithm = Literal["hmac-sha256", "ed25519", "ecdsa-p256-sha256"]
Origin = Annotated[str, StringConstraints(max_length=300, pattern=r"^https?://[a-z0-9.-]{1,253}(:[0-9]{1,5})?$")]
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$")]
FieldValue = Annotated[str, StringConstraints(max_length=8192, pattern=r"^[\t -~]*$")]
Base64 = Annotated[
    str,
    StringConstraints(max_length=1_400_000, pattern=r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"),
]
Rate = Annotated[int, Field(ge=1, le=60_000_000)]


class CreateSigningKeyBody(Body):
    """A new key that signs requests."""

    name: Line = Field(description="What the key is for.")
    algorithm: Algorithm = "hmac-sha256"
    permissions: list[Permission] = Field(min_length=1, max_length=100, description="`resource:action` or `order:*`.")
    public_key: str = Field("", max_length=4096, pattern=r"^[\r\n -~]*$", description="PEM; not for HMAC.")
    days: int | None = Field(None, ge=1, le=3650, description="How long the key works; null for ever.")


class RotateSigningKeyBody(Body):
    """A successor for a key."""

    overlap_hours: int = Field(24, ge=0, le=720, description="How long the old key goes on working.")
    public_key: str = Field("", max_length=4096, pattern=r"^[\r\n -~]*$", description="PEM; not for HMAC.")


class SigningKeyOut(Out):
    """A signing key without its secret."""

    id: UUID
    name: str
    key_id: str = Field(description="What signatures name as `keyid`.")
    algorithm: Algorithm
    permissions: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None


class NewSigningKeyOut(SigningKeyOut):
    """A key just made: the only answer that ever contains `secret`."""

    secret: str = Field(description="The shared secret in base64, or empty for a public key. Not shown again.")


class ExplainBody(Body):
    """The request that was refused, as its sender sent it."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    target_uri: str = Field(
        max_length=4096,
        pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?$",
        description="The whole address.",
    )
    headers: dict[FieldName, FieldValue] = Field(
        max_length=100,
        description="At least the two signature fields.",
        json_schema_extra={"additionalProperties": False},  # beside the names' pattern, which alone binds no other name
    )
    body: Base64 = Field("", description="The body's bytes in base64.")


class CheckOut(Out):
    """One check of the signature stage."""

    check: Literal["format", "coverage", "age", "key", "algorithm", "signature", "validity", "digest"]
    passed: bool
    code: int | None = Field(description="The error's code; see /api/errors/.")
    detail: str


class ExplanationOut(Out):
    """What the signature stage thinks of a request."""

    accepted: bool
    code: int | None = Field(description="The refusal's code; null when the signature would be accepted.")
    checks: list[CheckOut]
    signature_base: str = Field(description="What should have been signed, line by line.")
    content_digest: str = Field(description="What Content-Digest should say about this body.")


class TrustPolicyBody(Body):
    """How the shop treats requests."""

    signatures: Literal["off", "optional", "required"] = "optional"
    rate_per_tenant: Rate | None = Field(None, description="Cost units in a minute; null for the default.")
    rate_per_key: Rate | None = None
    rate_per_route: Rate | None = None
    allowed_origins: list[Origin] = Field([], max_length=50, description="Web origins that may call the API (CORS).")


class LimitsOut(Out):
    """The limits in force, in cost units of a minute."""

    tenant: int
    key: int
    route: int


class TrustPolicyOut(TrustPolicyBody):
    """The policy, and the limits that follow from it."""

    limits: LimitsOut


def signing_key_out(key: SigningKey) -> dict[str, Any]:
    """The shape of `SigningKeyOut`."""
    return {name: getattr(key, name) for name in SigningKeyOut.model_fields}


def explanation_out(told: Explanation) -> dict[str, Any]:
    """The shape of `ExplanationOut`."""
    checks = [
        {
            "check": check.name,
            "passed": check.refusal is None,
            "code": check.refusal.code if check.refusal else None,
            "detail": check.refusal.detail if check.refusal else "",
        }
        for check in told.checks
    ]
    refusal = told.refusal
    return {
        "accepted": refusal is None,
        "code": refusal.code if refusal else None,
        "checks": checks,
        "signature_base": told.base,
        "content_digest": told.digest,
    }


def trust_policy_out(policy: TrustPolicy, rules: Rules) -> dict[str, Any]:
    """The shape of `TrustPolicyOut`."""
    limits = {"tenant": rules.rate_per_tenant, "key": rules.rate_per_key, "route": rules.rate_per_route}
    return {name: getattr(policy, name) for name in TrustPolicyBody.model_fields} | {"limits": limits}
