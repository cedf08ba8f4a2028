"""The memory of Idempotency-Keys: one row per tenant, caller with operation, and key. Kept for a day."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from rustok.db.ids import Entity


class IdempotencyRecord(Entity):
    """A claimed key and, from the same transaction, the answer of the call that claimed it.

    `claim` is the token of that call: who reads its own token back from the upsert owns the key.
    """

    tenant_id = models.UUIDField(editable=False)
    scope_hash = models.BinaryField(max_length=32, editable=False)
    key = models.CharField(max_length=255, editable=False)
    fingerprint = models.CharField(max_length=64, editable=False)
    claim = models.UUIDField(editable=False)
    status = models.SmallIntegerField(null=True, editable=False)
    body = models.BinaryField(null=True, editable=False)
    headers = models.JSONField(null=True, editable=False)
    expires_at = models.DateTimeField(editable=False)

    class Meta:
        """Shared table, written by `apps.operations.idempotency` only."""

        db_table = "operations_idempotency"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "scope_hash", "key"], name="operations_idempotency_key_uq"),
        ]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="operations_idempotency_exp_ix")]
