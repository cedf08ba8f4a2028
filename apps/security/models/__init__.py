"""The tables of this app, one module per thing."""

from apps.security.models.audit import AuditChain, AuditEntry
from apps.security.models.external import ExternalIdentity
from apps.security.models.identity import (
    BreakGlass,
    ConsoleSession,
    Factor,
    IdentityPolicy,
    RecoveryCode,
    SignInCounter,
)
from apps.security.models.keys import ApiKey
from apps.security.models.roles import Role
from apps.security.models.selfaudit import SelfAuditRun
from apps.security.models.subjects import SubjectKey
from apps.security.models.tokens import RefreshToken, TokenFamily
from apps.security.models.trust import SigningKey, TrustPolicy
from apps.security.models.users import User

__all__ = [
    "ApiKey",
    "AuditChain",
    "AuditEntry",
    "BreakGlass",
    "ConsoleSession",
    "ExternalIdentity",
    "Factor",
    "IdentityPolicy",
    "RecoveryCode",
    "RefreshToken",
    "Role",
    "SelfAuditRun",
    "SignInCounter",
    "SigningKey",
    "SubjectKey",
    "TokenFamily",
    "TrustPolicy",
    "User",
]
