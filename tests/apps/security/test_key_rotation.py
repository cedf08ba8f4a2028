"""Keys that may be used from some networks only, and successors that overlap with the keys they replace."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import RequestFactory
from django.utils import timezone

from apps.security.authentication import BearerAuthentication
from apps.security.errors import AddressRefused, GrantExceeded
from apps.security.models import ApiKey, AuditEntry
from apps.security.services import create_api_key, revoke_api_key, rotate_api_key
from apps.security.zero_trust.services import CreateSigningKey, create_signing_key
from rustok.context import Actor, amended
from rustok.errors.families import InvalidCredentials, InvalidInput, NotFound, PermissionDenied, TokenExpired

HOUR = timedelta(hours=1)


def authenticate(plain, address=""):
    request = RequestFactory().get("/", headers={"authorization": f"Bearer {plain}"})
    with amended(address=address):
        return BearerAuthentication().authenticate(request)


def made(context, **wishes):
    return create_api_key(name="till", permissions=["order:read"], context=context, **wishes)


def test_a_key_works_from_its_networks_only(context):
    _key, plain = made(context, allowed_networks=["192.0.2.0/24", "2001:db8::/32"])

    for address in ("192.0.2.9", "2001:db8::9", "::ffff:192.0.2.9"):
        assert authenticate(plain, address)
    for address in ("198.51.100.9", "2001:db9::9", ""):
        with pytest.raises(AddressRefused):
            authenticate(plain, address)


def test_a_guesser_is_not_told_about_networks(context):
    _key, plain = made(context, allowed_networks=["192.0.2.0/24"])

    with pytest.raises(InvalidCredentials):
        authenticate(plain[:-64] + "0" * 64, "198.51.100.9")


BEYOND = {
    "everywhere": {"days": 1},
    "elsewhere": {"days": 1, "allowed_networks": ["192.0.0.0/16"]},
    "IPv6": {"days": 1, "allowed_networks": ["2001:db8::/32"]},
    "for ever": {"allowed_networks": ["192.0.2.0/28"]},
    "longer": {"days": 3, "allowed_networks": ["192.0.2.0/28"]},
}


@pytest.fixture
def bound(context):
    """A context in which a key acts that ends, and works from one network."""
    ends = timezone.now() + timedelta(days=2)
    key, _plain = made(context, allowed_networks=["192.0.2.0/24"], expires_at=ends)
    return replace(context, actor=Actor("api_key", str(key.pk), "till"))


@pytest.mark.parametrize("wish", BEYOND.values(), ids=BEYOND)
def test_a_key_makes_none_that_reaches_further(bound, wish):
    days = wish.get("days")
    ends = timezone.now() + timedelta(days=days) if days else None
    with pytest.raises(InvalidInput):
        made(bound, allowed_networks=wish.get("allowed_networks", ()), expires_at=ends)


def test_a_bound_key_makes_narrower_ones_no_signing_keys_and_its_own_successor(bound, context):
    ends = timezone.now() + timedelta(days=1)
    assert made(bound, allowed_networks=["192.0.2.0/28"], expires_at=ends)
    with pytest.raises(InvalidInput):
        create_signing_key(input=CreateSigningKey(name="r", permissions=["order:read"], expires_at=ends), context=bound)
    endless, _plain = made(context)
    with pytest.raises(InvalidInput):
        rotate_api_key(key_id=endless.pk, overlap=HOUR, context=bound)

    assert rotate_api_key(key_id=UUID(bound.actor.id), overlap=HOUR, context=bound)


def test_networks_are_stored_in_one_spelling(context):
    key, _plain = made(context, allowed_networks=["2001:0DB8::/32", "::ffff:192.0.2.0/120", "192.0.2.0/24"])

    assert key.allowed_networks == ["192.0.2.0/24", "2001:db8::/32"]


@pytest.mark.parametrize("networks", [["192.0.2.1/24"], ["acme"], ["10.0.0.0/8"] * 51], ids=["bits", "name", "many"])
def test_networks_that_are_none_are_refused(context, networks):
    with pytest.raises(InvalidInput):
        made(context, allowed_networks=networks)


def test_both_keys_work_during_the_overlap_and_then_the_new_one(context):
    old, plain = made(context, allowed_networks=["192.0.2.0/24"])
    new, fresh = rotate_api_key(key_id=old.pk, overlap=HOUR, context=context)

    assert authenticate(plain, "192.0.2.1")[1] == authenticate(fresh, "192.0.2.1")[1] == {"order:read"}
    assert new.allowed_networks == old.allowed_networks
    ApiKey.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    with pytest.raises(TokenExpired):
        authenticate(plain, "192.0.2.1")
    assert authenticate(fresh, "192.0.2.1")
    assert AuditEntry.objects.get(action="api_key:rotate").details == {"successor": str(new.pk)}


def test_no_overlap_ends_the_old_key_at_once(context):
    old, plain = made(context)
    rotate_api_key(key_id=old.pk, overlap=timedelta(0), context=context)

    with pytest.raises(TokenExpired):
        authenticate(plain)


def test_a_rotation_prolongs_no_key_and_its_successor_lasts_as_long(context):
    old, _plain = made(context, expires_at=timezone.now() + HOUR)
    new, _fresh = rotate_api_key(key_id=old.pk, overlap=timedelta(days=2), context=context)

    old.refresh_from_db()
    assert old.expires_at < timezone.now() + HOUR
    assert abs(new.expires_at - timezone.now() - HOUR) < timedelta(minutes=1)


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=31)], ids=["past", "too long"])
def test_overlaps_have_bounds(context, overlap):
    key, _plain = made(context)

    with pytest.raises(InvalidInput):
        rotate_api_key(key_id=key.pk, overlap=overlap, context=context)


def test_a_revoked_key_has_no_successor(context):
    key, _plain = made(context)
    revoke_api_key(key_id=key.pk, context=context)

    with pytest.raises(NotFound):
        rotate_api_key(key_id=key.pk, overlap=HOUR, context=context)


def weak(context, *permissions):
    with amended(permissions=frozenset(permissions)) as here:
        return here


@pytest.mark.parametrize(
    ("permissions", "error"),
    [((), PermissionDenied), (("api_key:*",), GrantExceeded), (("api_key:update", "order:read"), PermissionDenied)],
    ids=str,
)
def test_who_rotates_needs_what_who_creates_needs(context, permissions, error):
    key, _plain = made(context)

    with pytest.raises(error):
        rotate_api_key(key_id=key.pk, overlap=HOUR, context=weak(context, *permissions))
