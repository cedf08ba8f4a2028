"""Families of tokens: opened for some of a parent's grants, refreshed one step at a time, ended by a reuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from apps.security.authentication import BearerAuthentication
from apps.security.errors import AddressRefused, GrantExceeded
from apps.security.models import ApiKey, AuditEntry, RefreshToken, TokenFamily
from apps.security.services import create_api_key, create_user, revoke_api_key, set_password
from apps.security.tasks import prune_tokens
from apps.security.tokens import services
from apps.security.tokens.errors import RefreshTokenReused, TokenNotExchangeable
from apps.security.tokens.services import exchange, exchange_for_person, refresh, revoke_family, revoke_token
from apps.tenants.isolation import tenant_scope
from rustok.context import Actor, amended, current
from rustok.errors.families import InvalidCredentials, InvalidInput, NotFound, PermissionDenied, TokenExpired

GRANTS = ["order:*", "stock:read"]


@pytest.fixture
def key(context):
    return create_api_key(name="till", permissions=GRANTS, context=context)[0]


@pytest.fixture
def holder(key, context):
    """The context of a request with the key."""
    return replace(context, actor=Actor("api_key", str(key.pk), key.name), permissions=frozenset(GRANTS))


@pytest.fixture
def opened(holder):
    return exchange(permissions=None, context=holder)


def authenticate(token):
    return BearerAuthentication().authenticate(RequestFactory().get("/", headers={"authorization": f"Bearer {token}"}))


def again(issued, **wanted):
    return refresh(token=issued.refresh_token, permissions=wanted.get("permissions"), context=current())


def later(**by):
    """Everything of the family happened that much earlier."""
    for row in RefreshToken.objects.all():
        RefreshToken.objects.filter(pk=row.pk).update(used_at=row.used_at and row.used_at - timedelta(**by))


def test_a_token_acts_as_its_key_with_its_grants_in_one_statement(opened, key, django_assert_num_queries):
    with django_assert_num_queries(1):
        actor, permissions = authenticate(opened.access_token)

    assert (actor.reference, actor.label) == (f"api_key:{key.pk}", "till")
    assert permissions == set(GRANTS)


def test_secrets_are_stored_as_hashes_only(opened):
    kept = RefreshToken.objects.get()

    assert len(opened.refresh_token) == len("rr_") + 64
    assert bytes(kept.digest).hex() not in opened.refresh_token
    assert "rr_" not in str(AuditEntry.objects.filter(action="token:create").values_list("details", flat=True))


@pytest.mark.parametrize(("wanted", "left"), [(["order:read"], {"order:read"}), (["order:*"], {"order:*"})], ids=str)
def test_a_token_can_have_less_than_its_key(holder, wanted, left):
    issued = exchange(permissions=wanted, context=holder)

    assert authenticate(issued.access_token)[1] == left
    assert authenticate(again(issued).access_token)[1] == left


@pytest.mark.parametrize("wanted", [["stock:*"], ["*:*"], ["order:read", "customer:read"]], ids=str)
def test_a_token_never_has_more_than_its_key(holder, wanted):
    with pytest.raises(GrantExceeded):
        exchange(permissions=wanted, context=holder)


def test_a_refresh_can_narrow_but_not_widen(holder):
    issued = exchange(permissions=["order:read", "order:ship"], context=holder)
    narrow = again(issued, permissions=["order:read"])

    assert authenticate(narrow.access_token)[1] == {"order:read"}
    with pytest.raises(GrantExceeded):
        again(narrow, permissions=["order:*"])


def test_a_refresh_that_asks_for_too_much_uses_nothing_up(holder):
    issued = exchange(permissions=["order:read"], context=holder)
    with pytest.raises(GrantExceeded):
        again(issued, permissions=["order:*"])
    later(minutes=1)

    assert authenticate(again(issued).access_token)[1] == {"order:read"}


def test_a_token_loses_what_its_key_loses(opened, key):
    ApiKey.objects.filter(pk=key.pk).update(permissions=["order:read"])

    assert authenticate(opened.access_token)[1] == {"order:read"}


def test_text_that_is_no_grant_is_refused(holder):
    with pytest.raises(InvalidInput):
        exchange(permissions=["everything"], context=holder)


def test_only_keys_are_exchanged(context):
    with pytest.raises(TokenNotExchangeable):
        exchange(permissions=None, context=context)


def test_refreshing_gives_the_next_pair_and_ends_the_last(opened):
    second = again(opened)
    third = again(second)

    assert len({opened.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert authenticate(third.access_token)
    assert RefreshToken.objects.filter(used_at=None).count() == 1


def test_an_old_refresh_token_ends_the_whole_family(opened):
    second = again(opened)
    third = again(second)

    with pytest.raises(RefreshTokenReused):
        again(opened)

    for issued in (opened, second, third):
        with pytest.raises(InvalidCredentials):
            authenticate(issued.access_token)
        with pytest.raises(InvalidCredentials):
            again(issued)
    assert AuditEntry.objects.filter(action="token:reuse", target=str(opened.family)).count() == 1


def test_a_lost_answer_comes_again_and_is_the_same(opened):
    second = again(opened)

    assert again(opened).refresh_token == second.refresh_token
    assert again(second).refresh_token != second.refresh_token


def test_a_lost_answer_comes_again_for_a_moment_only(opened):
    again(opened)
    later(seconds=services.RETRY_WINDOW.total_seconds() + 1)

    with pytest.raises(RefreshTokenReused):
        again(opened)


@pytest.mark.parametrize("text", ["", "rr_", "rr_" + "0" * 64, "rk_000000000000_" + "0" * 64, "a.b.c"])
def test_what_is_no_refresh_token_of_ours_is_refused(opened, text):
    with pytest.raises(InvalidCredentials):
        refresh(token=text, permissions=None, context=current())


def test_a_refresh_token_that_nobody_used_ends(opened):
    RefreshToken.objects.update(expires_at=timezone.now())

    with pytest.raises(TokenExpired):
        again(opened)


def test_a_family_ends_however_often_it_is_refreshed(opened):
    TokenFamily.objects.update(ends_at=timezone.now() + timedelta(seconds=90))
    second = again(opened)
    assert 60 < second.expires_in <= 90

    TokenFamily.objects.update(ends_at=timezone.now())
    for use in (lambda: again(second), lambda: authenticate(second.access_token)):
        with pytest.raises(TokenExpired):
            use()


def revoked(key, context):
    revoke_api_key(key_id=key.pk, context=context)


def expired(key, _context):
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())


def elsewhere(key, _context):
    ApiKey.objects.filter(pk=key.pk).update(allowed_networks=["192.0.2.0/24"])


ENDS = {
    "revoked": (revoked, InvalidCredentials),
    "expired": (expired, TokenExpired),
    "moved": (elsewhere, AddressRefused),
}


@pytest.mark.parametrize(("end", "error"), ENDS.values(), ids=ENDS)
def test_tokens_end_with_their_key_at_once(opened, key, context, end, error):
    end(key, context)

    for use in (lambda: authenticate(opened.access_token), lambda: again(opened)):
        with pytest.raises(error):
            use()


def test_whoever_may_ends_a_family_at_once(opened, context):
    revoke_family(family_id=opened.family, context=context)
    revoke_family(family_id=opened.family, context=context)

    with pytest.raises(InvalidCredentials):
        authenticate(opened.access_token)
    assert AuditEntry.objects.filter(action="token:revoke").count() == 1


def test_others_may_not(opened, mallory_context):
    with pytest.raises(PermissionDenied):
        revoke_family(family_id=opened.family, context=mallory_context)


def test_a_family_that_is_none_is_not_found(key, context):
    with pytest.raises(NotFound):
        revoke_family(family_id=key.pk, context=context)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_a_holder_gives_its_token_up(opened, which):
    revoke_token(token=getattr(opened, which))
    revoke_token(token=getattr(opened, which))

    with pytest.raises(InvalidCredentials):
        authenticate(opened.access_token)


def test_tokens_of_another_shop_end_nothing_here(opened, globex):
    with tenant_scope(globex):
        for token in (opened.access_token, opened.refresh_token, "rubbish"):
            revoke_token(token=token)
        with pytest.raises(InvalidCredentials):
            authenticate(opened.access_token)

    assert authenticate(opened.access_token)


@pytest.fixture
def ann(context):
    return create_user(username="ann", password="correct horse battery", role="manager", context=context)


def test_a_person_gets_tokens_that_follow_the_role(ann, context):
    issued = exchange_for_person(user=ann, permissions=["order:read"], context=context)
    assert authenticate(issued.access_token) == (ann.actor, {"order:read"})

    type(ann).objects.filter(pk=ann.pk).update(role="customer")
    assert authenticate(issued.access_token)[1] == {"order:read:own"}


def deactivated(ann, _context):
    type(ann).objects.filter(pk=ann.pk).update(is_active=False)


def new_password(ann, context):
    set_password(user=ann, password="another horse battery", context=context)


@pytest.mark.parametrize("change", [deactivated, new_password], ids=["deactivated", "new password"])
def test_a_persons_tokens_end_with_the_account_and_with_the_password(ann, context, change):
    issued = exchange_for_person(user=ann, permissions=None, context=context)
    change(ann, context)

    for use in (lambda: authenticate(issued.access_token), lambda: again(issued)):
        with pytest.raises(InvalidCredentials):
            use()


def test_ended_families_are_forgotten_after_a_week(opened, holder):
    TokenFamily.objects.update(expires_at=timezone.now() - timedelta(days=8))
    fresh = exchange(permissions=None, context=holder)

    prune_tokens()

    assert list(TokenFamily.objects.values_list("pk", flat=True)) == [fresh.family]
    assert RefreshToken.objects.count() == 1


def test_the_last_address_is_noted(opened):
    with amended(address="192.0.2.7"):
        again(opened)

    assert TokenFamily.objects.get().address == "192.0.2.7"
