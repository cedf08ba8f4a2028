"""REST: signing keys, the explanation of signatures, the trust policy; the same on both hosts."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.api.trust_shapes import (
    CreateSigningKeyBody,
    ExplainBody,
    ExplanationOut,
    NewSigningKeyOut,
    RotateSigningKeyBody,
    SigningKeyOut,
    TrustPolicyBody,
    TrustPolicyOut,
    explanation_out,
    signing_key_out,
    trust_policy_out,
)
from apps.security.errors import GrantExceeded
from apps.security.zero_trust.explaining import SentRequest, explain
from apps.security.zero_trust.queries import get_signing_key, signing_keys, trust_policy
from apps.security.zero_trust.rules import rules
from apps.security.zero_trust.services import (
    ChangeTrustPolicy,
    CreateSigningKey,
    change_trust_policy,
    create_signing_key,
    revoke_signing_key,
    rotate_signing_key,
)
from rustok.api import Answer, Call, Endpoint, Page, PageQuery, Query, operation, paginate
from rustok.operations import Criticality


class SigningKeyCollection(Endpoint):
    """The signing keys of this host's scope."""

    @operation(
        "signing_keys.list",
        permission="signing_key:read",
        own=True,
        criticality=Criticality.LOW,
        answer=Page[SigningKeyOut],
        summary=_("List signing keys"),
    )
    def get(self, call: Call[None, PageQuery]) -> dict[str, Any]:
        """Those in force, newest first. What became of the others is in the audit log."""
        return paginate(signing_keys(), call, to_dict=signing_key_out)

    @operation(
        "signing_keys.create",
        permission="signing_key:create",
        criticality=Criticality.NORMAL,
        body=CreateSigningKeyBody,
        answer=NewSigningKeyOut,
        status=201,
        errors=(GrantExceeded,),
        fails_closed=True,
        summary=_("Create a signing key"),
        example={"name": "Warehouse", "algorithm": "hmac-sha256", "permissions": ["stock:read", "order:*"]},
    )
    def post(self, call: Call[CreateSigningKeyBody, Query]) -> Answer:
        """An HMAC secret is in this answer and nowhere else; for the other algorithms you send the public key."""
        body = call.body
        wanted = CreateSigningKey(
            name=body.name,
            algorithm=body.algorithm,
            permissions=body.permissions,
            public_key=body.public_key,
            expires_at=timezone.now() + timedelta(days=body.days) if body.days else None,
        )
        key, secret = create_signing_key(input=wanted, context=call.context)
        headers = {"Location": f"{call.request.path}{key.pk}/"}
        return Answer(signing_key_out(key) | {"secret": secret}, headers=headers)


class SigningKeyItem(Endpoint):
    """One signing key."""

    @operation(
        "signing_keys.get",
        permission="signing_key:read",
        own=True,
        criticality=Criticality.LOW,
        answer=SigningKeyOut,
        summary=_("Show a signing key"),
    )
    def get(self, call: Call[None, Query], *, id: UUID) -> dict[str, Any]:
        """Everything but the secret."""
        return signing_key_out(call.ensure(get_signing_key(key_id=id)))

    @operation(
        "signing_keys.revoke",
        permission="signing_key:delete",
        own=True,
        criticality=Criticality.HIGH,
        summary=_("Revoke a signing key"),
    )
    def delete(self, call: Call[None, Query], *, id: UUID) -> None:
        """The key stops working at once."""
        revoke_signing_key(key_id=id, context=call.context)


class SigningKeyRotation(Endpoint):
    """A successor for a key."""

    @operation(
        "signing_keys.rotate",
        permission="signing_key:create",
        criticality=Criticality.HIGH,
        body=RotateSigningKeyBody,
        answer=NewSigningKeyOut,
        status=201,
        errors=(GrantExceeded,),
        fails_closed=True,
        summary=_("Rotate a signing key"),
        example={"overlap_hours": 24},
    )
    def post(self, call: Call[RotateSigningKeyBody, Query], *, id: UUID) -> dict[str, Any]:
        """Both keys work during the overlap. It takes `signing_key:update` for the key that ends, as well."""
        body = call.body
        overlap = timedelta(hours=body.overlap_hours)
        key, secret = rotate_signing_key(key_id=id, overlap=overlap, public_key=body.public_key, context=call.context)
        return signing_key_out(key) | {"secret": secret}


class SignatureExplanation(Endpoint):
    """Why a signature was refused."""

    @operation(
        "signature.explain",
        permission="signing_key:read",
        criticality=Criticality.LOW,
        writes=False,
        body=ExplainBody,
        answer=ExplanationOut,
        summary=_("Explain a signature"),
        example={
            "method": "GET",
            "target_uri": "https://shop.example/api/v1/orders/",
            "headers": {"Signature-Input": 'sig=("@method");created=1', "Signature": "sig=:AAAA:"},
        },
    )
    def post(self, call: Call[ExplainBody, Query]) -> dict[str, Any]:
        """Each check of the signature stage with its result, and the text that should have been signed."""
        body = call.body
        sent = SentRequest(body.method, body.target_uri, body.headers, b64decode(body.body))
        return explanation_out(explain(sent))


class TrustPolicyItem(Endpoint):
    """How this shop treats requests."""

    @operation(
        "trust_policy.get",
        permission="trust_policy:read",
        criticality=Criticality.LOW,
        answer=TrustPolicyOut,
        summary=_("Show the trust policy"),
    )
    def get(self, _call: Call[None, Query]) -> dict[str, Any]:
        """Signatures, limits and web origins."""
        return trust_policy_out(trust_policy(), rules())

    @operation(
        "trust_policy.replace",
        permission="trust_policy:update",
        criticality=Criticality.HIGH,
        body=TrustPolicyBody,
        answer=TrustPolicyOut,
        fails_closed=True,
        summary=_("Replace the trust policy"),
        example={"signatures": "required", "allowed_origins": ["https://www.shop.example"]},
    )
    def put(self, call: Call[TrustPolicyBody, Query]) -> dict[str, Any]:
        """In force within two seconds everywhere. Signatures can be required once there is a signing key."""
        policy = change_trust_policy(input=ChangeTrustPolicy(**call.body.model_dump()), context=call.context)
        return trust_policy_out(policy, rules())
