"""From the Authorization header to an actor: one statement, and no difference between the kinds of wrong."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from apps.security.authentication import BearerAuthentication
from apps.security.models import ApiKey
from apps.security.services import create_api_key, revoke_api_key
from apps.tenants.isolation import tenant_scope
from rustok.context import amended
from rustok.errors import DomainError
from rustok.errors.families import InvalidCredentials, TokenExpired
from rustok.resilience.degradation import Mode, ModeOverride, controller


def authenticate(header: str):
    return BearerAuthentication().authenticate(RequestFactory().get("/", headers={"authorization": header}))


@pytest.fixture
def key(context):
    return create_api_key(name="till", permissions=["order:create", "order:read"], context=context)


def test_key_acts_with_its_own_permissions(key):
    actor, permissions = authenticate(f"Bearer {key[1]}")

    assert (actor.reference, actor.label) == (f"api_key:{key[0].pk}", "till")
    assert permissions == {"order:create", "order:read"}


@pytest.mark.parametrize("prefix", ["bearer ", "BEARER  "])
def test_scheme_is_read_whatever_its_case(key, prefix):
    assert authenticate(prefix + key[1])


def other_secret(plain: str) -> str:
    return plain[:-64] + "0" * 64


WRONG = {
    "nothing": lambda plain: "",
    "another scheme": lambda plain: f"Basic {plain}",
    "no scheme": lambda plain: plain,
    "garbage": lambda plain: "Bearer x",
    "upper case": lambda plain: f"Bearer {plain.upper()}",
    "cut": lambda plain: f"Bearer {plain[:-1]}",
    "another secret": lambda plain: f"Bearer {other_secret(plain)}",
    "another prefix": lambda plain: f"Bearer rk_{'0' * 12}_{plain[-64:]}",
    "NUL": lambda plain: f"Bearer {plain}\x00",
}


@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG)
def test_everything_else_is_one_and_the_same_refusal(key, spoil):
    with pytest.raises(InvalidCredentials):
        authenticate(spoil(key[1]))


def test_revoked_key_is_unknown(key, context):
    revoke_api_key(key_id=key[0].pk, context=context)

    with pytest.raises(InvalidCredentials):
        authenticate(f"Bearer {key[1]}")


def expire(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_expired_key_says_so_to_its_owner(key):
    expire(key[0])

    with pytest.raises(TokenExpired):
        authenticate(f"Bearer {key[1]}")


def test_expired_key_says_nothing_to_a_guesser(key):
    expire(key[0])

    with pytest.raises(InvalidCredentials):
        authenticate(f"Bearer {other_secret(key[1])}")


def test_key_of_one_shop_is_unknown_in_another(key, globex):
    with tenant_scope(globex), pytest.raises(InvalidCredentials):
        authenticate(f"Bearer {key[1]}")


def test_use_costs_one_statement_and_is_noted_once(key, django_assert_num_queries):
    with django_assert_num_queries(1):
        authenticate(f"Bearer {key[1]}")
    noted = ApiKey.objects.get(pk=key[0].pk).last_used_at

    with django_assert_num_queries(1):
        authenticate(f"Bearer {key[1]}")

    assert noted is not None
    assert ApiKey.objects.get(pk=key[0].pk).last_used_at == noted


def revoke(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())


def bind(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(allowed_networks=["192.0.2.0/24"])


@pytest.mark.parametrize("spoil", [expire, revoke, bind])
def test_what_is_refused_does_not_count_as_use(key, spoil):
    spoil(key[0])
    with amended(address="198.51.100.9"), suppress(DomainError):
        authenticate(f"Bearer {key[1]}")

    assert ApiKey.objects.get(pk=key[0].pk).last_used_at is None


def test_use_from_the_right_network_is_noted(key):
    bind(key[0])
    with amended(address="192.0.2.9"):
        authenticate(f"Bearer {key[1]}")

    assert ApiKey.objects.get(pk=key[0].pk).last_used_at is not None


def test_a_platform_that_only_reads_notes_no_use(key):
    controller().set_override(ModeOverride(mode=Mode.MINIMAL, until=time.time() + 60))
    try:
        authenticate(f"Bearer {key[1]}")
    finally:
        controller().set_override(None)

    assert ApiKey.objects.get(pk=key[0].pk).last_used_at is None


def test_guessing_does_not_count_as_use(key):
    with pytest.raises(InvalidCredentials):
        authenticate(f"Bearer {other_secret(key[1])}")

    assert ApiKey.objects.get(pk=key[0].pk).last_used_at is None
