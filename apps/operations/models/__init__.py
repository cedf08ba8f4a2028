"""The tables of this app, one module per port."""

from apps.operations.models.audit import AuditWakeup
from apps.operations.models.idempotency import IdempotencyRecord
from apps.operations.models.resilience import BreakerRow, Override
from apps.operations.models.trust import CredentialOwner, Nonce, RateBucket
from apps.operations.models.wakeups import SubscriptionDue, Wakeup

__all__ = [
    "AuditWakeup",
    "BreakerRow",
    "CredentialOwner",
    "IdempotencyRecord",
    "Nonce",
    "Override",
    "RateBucket",
    "SubscriptionDue",
    "Wakeup",
]
