"""A secret is replaced without a receiver noticing: for a while both sign."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from apps.security.models import AuditEntry
from apps.webhooks.errors import UnusableSecret
from apps.webhooks.models import Delivery, WebhookEndpoint
from apps.webhooks.retention import forget_retired_secrets, seal_afresh
from apps.webhooks.secrets import signing_keys
from apps.webhooks.services import create_endpoint, rotate_secret
from rustok import sealing
from rustok.config import config
from rustok.errors.families import PermissionDenied, VersionConflict
from tests.support.events import poke, relay


@pytest.fixture
def endpoint(acme, context, receiver):
    relay()
    return create_endpoint(url=receiver.url, event_types=["testkit.*"], context=context)


@pytest.fixture
def rotate(endpoint, context):
    return lambda **options: rotate_secret(endpoint_id=endpoint.endpoint.pk, context=context, **options)


@pytest.fixture
def sent(receiver):
    def send():
        poke("a")
        relay()
        return receiver.got[-1]

    return send


def test_both_secrets_verify_during_the_overlap(endpoint, rotate, sent):
    fresh = rotate().secret
    got = sent()

    assert len(got.headers["webhook-signature"].split(" ")) == 2
    for secret in (endpoint.secret, fresh):
        Webhook(secret).verify(got.body, got.headers)


def test_old_secret_retires_with_the_overlap(endpoint, rotate, sent):
    fresh = rotate(overlap=timedelta(hours=1)).secret
    WebhookEndpoint.objects.update(previous_secret_until=timezone.now() - timedelta(seconds=1))
    got = sent()

    Webhook(fresh).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(got.body, got.headers)


def test_without_overlap_the_old_secret_retires_at_once(rotate, sent):
    rotate(overlap=timedelta(0))

    assert " " not in sent().headers["webhook-signature"]
    assert WebhookEndpoint.objects.get().previous_sealed_secret is None


def test_retired_secrets_are_forgotten(rotate):
    rotate()
    assert forget_retired_secrets() == 0

    WebhookEndpoint.objects.update(previous_secret_until=timezone.now() - timedelta(seconds=1))
    assert forget_retired_secrets() == 1
    assert WebhookEndpoint.objects.get().previous_sealed_secret is None


def test_overlap_is_bounded(rotate):
    assert rotate(overlap=timedelta(days=999)).until < timezone.now() + timedelta(days=8)


def test_rotation_is_audited_without_the_secret(rotate):
    rotated = rotate()

    entry = AuditEntry.objects.get(action="webhook:rotate")
    assert rotated.secret not in str(entry.details)


@pytest.mark.parametrize(
    ("options", "error"), [({"secret": "short"}, UnusableSecret), ({"expected_version": 9}, VersionConflict)]
)
def test_bad_rotation_changes_nothing(endpoint, rotate, options, error):
    with pytest.raises(error):
        rotate(**options)

    assert bytes(WebhookEndpoint.objects.get().sealed_secret) == bytes(endpoint.endpoint.sealed_secret)


@pytest.fixture
def other_key(monkeypatch):
    """The platform gets another secret key; the value keeps the old one as a fallback."""
    former = config().secret_key.get_secret_value()

    def change(*fallbacks):
        monkeypatch.setenv("RUSTOK_SECRET_KEY", "another secret key of this platform, long enough")
        monkeypatch.setenv("RUSTOK_SECRET_KEY_FALLBACKS", ",".join(fallbacks))
        config.cache_clear()
        sealing._ciphers.cache_clear()

    yield lambda *, keep: change(*[former] * keep)
    monkeypatch.undo()
    config.cache_clear()
    sealing._ciphers.cache_clear()


def test_secrets_move_on_to_the_platforms_new_key(endpoint, other_key):
    assert seal_afresh() == 0
    other_key(keep=True)
    assert [seal_afresh(), seal_afresh()] == [1, 0]

    other_key(keep=False)
    assert len(signing_keys(WebhookEndpoint.objects.get())) == 1


def test_secret_that_cannot_be_opened_stops_its_endpoint_only(endpoint, other_key, receiver):
    other_key(keep=False)
    poke("a")
    relay()

    assert receiver.got == []
    assert "cannot be opened" in Delivery.objects.get().error
    assert seal_afresh() == 1


def test_mallory_may_not_rotate(endpoint, mallory_context):
    with pytest.raises(PermissionDenied):
        rotate_secret(endpoint_id=endpoint.endpoint.pk, context=mallory_context)
