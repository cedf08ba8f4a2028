"""Endpoints: created with a secret shown once, changed under a version, audited, guarded."""

from __future__ import annotations

import pytest

from apps.events.errors import UnreadableFilter
from apps.events.models import Subscription
from apps.security.models import AuditEntry
from apps.webhooks import policy, queries, services
from apps.webhooks.errors import UnsafeAddress, UnusableSecret
from apps.webhooks.models import Delivery, WebhookEndpoint
from rustok.db.ids import new_id
from rustok.errors.families import IllegalTransition, NotFound, PermissionDenied, VersionConflict
from tests.support.events import poke, relay
from tests.support.statements import counted

URL = "https://example.com/hook"


@pytest.fixture
def endpoint(acme, context):
    relay()
    return services.create_endpoint(url=URL, event_types=["testkit.*"], description="Shop", context=context).endpoint


def test_secret_is_sealed_at_rest(acme, context):
    created = services.create_endpoint(url=URL, context=context)

    assert created.secret.encode() not in bytes(created.endpoint.sealed_secret)


def test_own_secret_is_kept(acme, context):
    secret = "whsec_" + "QUFB" * 8

    assert services.create_endpoint(url=URL, secret=secret, context=context).secret == secret


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"url": "https://10.0.0.1/"}, UnsafeAddress),
        ({"secret": "short"}, UnusableSecret),
        ({"event_types": ["Orders!"]}, UnreadableFilter),
    ],
)
def test_bad_input_creates_nothing(acme, context, given, error):
    with pytest.raises(error):
        services.create_endpoint(**{"url": URL, **given}, context=context)

    assert not WebhookEndpoint.objects.exists()
    assert not Subscription.objects.filter(transport="webhook").exists()


def test_changes_raise_the_version(endpoint, context):
    changed = services.update_endpoint(endpoint_id=endpoint.pk, url=URL + "2", event_types=[], context=context)

    assert (changed.url, changed.version, changed.event_types) == (URL + "2", 2, [])
    assert Subscription.objects.get(pk=endpoint.subscription_id).patterns == ["%"]


def test_stale_version_is_refused(endpoint, context):
    with pytest.raises(VersionConflict):
        services.update_endpoint(endpoint_id=endpoint.pk, url=URL, context=context, expected_version=7)


def test_paused_endpoint_waits(endpoint, context):
    services.pause_endpoint(endpoint_id=endpoint.pk, reason="holiday", context=context)
    poke("a")
    relay()

    assert not Delivery.objects.exists()
    assert queries.lags() == {str(endpoint.pk): 1}


def test_pausing_twice_is_illegal(endpoint, context):
    services.pause_endpoint(endpoint_id=endpoint.pk, context=context)

    with pytest.raises(IllegalTransition):
        services.pause_endpoint(endpoint_id=endpoint.pk, context=context)


def test_deliveries_are_deleted_in_portions(endpoint, context, monkeypatch):
    """The log of a busy endpoint would not go within the time that one statement is given."""
    monkeypatch.setattr(policy, "PURGE_CHUNK", 2)
    facts = {"event_type": "testkit.thing_poked.v1", "stream": "thing-a", "succeeded": True, "duration_ms": 1}
    Delivery.objects.bulk_create(Delivery(endpoint=endpoint, event_id=new_id(), position=1, **facts) for _ in range(5))
    with counted() as statements:
        services.delete_endpoint(endpoint_id=endpoint.pk, context=context)

    assert sum("DELETE FROM webhooks_delivery" in text and "LIMIT 2" in text for text in statements) == 3
    assert not Delivery.objects.exists()


def test_deleted_endpoint_leaves_no_subscription(endpoint, context):
    services.delete_endpoint(endpoint_id=endpoint.pk, context=context)

    assert not Subscription.objects.filter(pk=endpoint.subscription_id).exists()
    with pytest.raises(NotFound):
        queries.get_endpoint(endpoint.pk)


def test_deeds_are_audited(endpoint, context):
    services.pause_endpoint(endpoint_id=endpoint.pk, context=context)
    services.replay_endpoint(endpoint_id=endpoint.pk, after=0, context=context)
    services.delete_endpoint(endpoint_id=endpoint.pk, context=context)

    actions = set(AuditEntry.objects.filter(target=str(endpoint.pk)).values_list("action", flat=True))
    assert actions == {"webhook:create", "webhook:update", "webhook:replay", "webhook:delete"}


@pytest.mark.parametrize(
    "attempt",
    [
        lambda pk, context: services.create_endpoint(url=URL, context=context),
        lambda pk, context: services.update_endpoint(endpoint_id=pk, url=URL, context=context),
        lambda pk, context: services.pause_endpoint(endpoint_id=pk, context=context),
        lambda pk, context: services.activate_endpoint(endpoint_id=pk, context=context),
        lambda pk, context: services.delete_endpoint(endpoint_id=pk, context=context),
        lambda pk, context: services.replay_endpoint(endpoint_id=pk, after=0, context=context),
    ],
)
def test_mallory_may_do_nothing(endpoint, mallory_context, attempt):
    with pytest.raises(PermissionDenied):
        attempt(endpoint.pk, mallory_context)


def test_unknown_endpoint_is_not_found(acme, context):
    with pytest.raises(NotFound):
        services.delete_endpoint(endpoint_id=new_id(), context=context)
