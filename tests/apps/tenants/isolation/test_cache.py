"""Cache keys carry the scope (trap 20)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache

from apps.customers.models import Customer
from apps.tenants.isolation import cache_key, platform_scope, tenant_scope
from rustok.context import ExecutionContext, TenantRef, use
from rustok.errors.families import TenantContextMissing


@pytest.fixture
def stock_cache() -> Iterator[LocMemCache]:
    made = LocMemCache("stock", {})
    yield made
    made.clear()


def test_tenants_and_platform_share_no_key(acme: TenantRef, globex: TenantRef) -> None:
    cache.set("greeting", "acme")

    with tenant_scope(globex):
        assert cache.get("greeting") is None
    with platform_scope("look"):
        assert cache.get("greeting") is None
    assert cache.get("greeting") == "acme"


def test_key_outside_every_scope_is_refused() -> None:
    with use(ExecutionContext()), pytest.raises(TenantContextMissing):
        cache_key("greeting", "", 1)


def test_stock_keys_cross_tenants(acme: TenantRef, globex: TenantRef, stock_cache: LocMemCache) -> None:
    stock_cache.set("greeting", "acme")

    with tenant_scope(globex):
        assert stock_cache.get("greeting") == "acme"  # the negative control


def test_content_types_mean_the_same_in_every_scope(acme: TenantRef, globex: TenantRef) -> None:
    ContentType.objects.clear_cache()
    with tenant_scope(globex):
        theirs = ContentType.objects.get_for_model(Customer).pk
    ContentType.objects.clear_cache()

    assert ContentType.objects.get_for_model(Customer).pk == theirs
