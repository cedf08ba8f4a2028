"""Loading one store: shop, keys, goods, orders, webhook; a second run changes nothing."""

import stat

import pytest

from apps.catalog.queries import products
from apps.demo import credentials
from apps.demo.loading import load
from apps.demo.models import Subscription
from apps.demo.stores import STORES
from apps.orders.queries import orders
from apps.security.queries import api_keys, find_user
from apps.tenants.isolation import tenant_scope
from apps.webhooks.queries import endpoints

pytestmark = pytest.mark.usefixtures("demo_on", "platform")
STORE = STORES[0]


def load_some(baskets: int) -> dict[str, int]:
    (facts,) = load(baskets_per_store=baskets, stores=[STORE])
    counts: dict[str, int] = facts["baskets"]
    return counts


def test_a_store_becomes_a_shop_once() -> None:
    first = load_some(3)
    entry = credentials.shop(credentials.read(), STORE.slug)
    load_some(3)
    more = load_some(5)

    assert first["imported"] + first["refused"] == 3
    assert more["already_imported"] + more["imported"] + more["refused"] == 5
    assert credentials.shop(credentials.read(), STORE.slug) == entry
    with tenant_scope(STORE.slug):
        assert orders().count() == more["already_imported"] + more["imported"]
        assert products().count() < 100  # what these baskets name, not the thousand of the whole catalogue
        assert [endpoint.url for endpoint in endpoints()] == [f"http://localhost:8000/demo/receiver/{STORE.slug}/"]
        assert api_keys().count() == 1
        owner = find_user(username=entry["admin"]["username"])
        assert owner is not None
        assert owner.check_password(entry["admin"]["password"])
    assert Subscription.objects.get().loaded["wanted"] == 5


def test_the_credentials_are_for_their_owner_only() -> None:
    credentials.write({"platform": {}, "tenants": [{"slug": "a"}]})

    assert stat.S_IMODE(credentials.path().stat().st_mode) == 0o600
    assert credentials.shop(credentials.read(), "a") == {"slug": "a"}


@pytest.mark.parametrize("torn", ["", "{", "[]"])
def test_torn_credentials_count_as_none(torn: str) -> None:
    credentials.path().write_text(torn)

    assert credentials.read() == {}
