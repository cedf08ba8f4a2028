"""Small shared tables of the zero-trust pipeline: used nonces, rate-limit buckets, whose credential is whose."""

from __future__ import annotations

from django.db import models


class Nonce(models.Model):
    """A nonce that was used; `digest` is the hash of tenant, key and nonce. Unlogged: its life is minutes."""

    digest = models.BinaryField(primary_key=True, max_length=32, editable=False)
    expires_at = models.DateTimeField(db_index=True, editable=False)


class RateBucket(models.Model):
    """One bucket of a rate limit: the theoretical arrival time of GCRA, in microseconds of the epoch. Unlogged."""

    key = models.CharField(primary_key=True, max_length=200, editable=False)
    arrival = models.BigIntegerField(editable=False)


class CredentialOwner(models.Model):
    """Which tenant a public handle of a credential (`rk_…`, `sk_…`) belongs to.

    Security never depends on it: it only names the shop of a credential that came to the wrong host.
    """

    handle = models.CharField(primary_key=True, max_length=40, editable=False)
    tenant_id = models.UUIDField(editable=False)
