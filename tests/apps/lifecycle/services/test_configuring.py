"""Knobs of one shop over every door, on record, and where they really hold."""

import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from apps.lifecycle.services import TENANT_OVERRIDE, configure_tenant, knobs_of
from apps.security.models import AuditEntry
from apps.security.services import create_api_key
from apps.security.zero_trust.rules import forget_rules, rules
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import get_tenant, resolve_slug
from rustok.context import current
from rustok.errors.families import InvalidInput, PermissionDenied
from rustok.tenant_config import tenant_config
from tests.support.console import Visitor
from tests.support.statements import at_most

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(platform, globex):
    return get_tenant(globex.slug)


def knob(tenant, name):
    return next(knob for knob in knobs_of(tenant) if knob.name == name)


def test_a_knob_is_set_shown_with_its_layer_audited_and_given_back(platform, shop):
    configure_tenant(tenant_id=shop.pk, change={"cart_ttl": "900"}, context=platform)
    found = knob(get_tenant(shop.slug), "cart_ttl")

    assert (found.value, found.origin, found.installation) == (900.0, TENANT_OVERRIDE, 1800.0)
    entry = AuditEntry.objects.filter(action="tenant:configure").latest("occurred_at")
    assert entry.details["set"] == {"cart_ttl": 900.0}
    configure_tenant(tenant_id=shop.pk, change={}, unset=["cart_ttl"], context=platform)
    assert knob(get_tenant(shop.slug), "cart_ttl").origin == "default"


def test_a_refused_change_changes_nothing(platform, shop):
    with pytest.raises(InvalidInput):
        configure_tenant(tenant_id=shop.pk, change={"cart_ttl": 900, "webhook_timeout": 0}, context=platform)
    with pytest.raises(InvalidInput):
        configure_tenant(tenant_id=shop.pk, change={"cart_ttl": 900}, unset=["moon"], context=platform)

    assert get_tenant(shop.slug).overrides == {}


def test_only_who_may_configure(platform, shop):
    from dataclasses import replace

    with pytest.raises(PermissionDenied):
        configure_tenant(
            tenant_id=shop.pk, change={}, context=replace(platform, permissions=frozenset({"tenant:read"}))
        )


def test_it_holds_without_a_statement_where_the_tenant_is_worked_for(platform, shop):
    configure_tenant(
        tenant_id=shop.pk,
        change={"rate_per_key": 77, "webhook_timeout": 2, "event_retention_days": 9},
        context=platform,
    )
    with tenant_scope(get_tenant(shop.slug).ref()):
        with at_most(0):
            knobs = tenant_config()
        assert (knobs.webhook_timeout, knobs.event_retention_days) == (2.0, 9)
        forget_rules()
        assert rules().rate_per_key == 77
    assert resolve_slug(shop.slug).overrides == (
        ("event_retention_days", 9), ("rate_per_key", 77), ("webhook_timeout", 2.0),
    )  # fmt: skip


def test_rest_sets_and_unsets_by_merge(platform, shop):
    _row, key = create_api_key(name="operator", permissions=("*:*",), context=platform)
    client = Client(raise_request_exception=False, headers={"host": "localhost", "authorization": f"Bearer {key}"})
    address = f"/api/v1/tenants/{shop.slug}/config/"

    def patch(body):
        return client.patch(address, data=json.dumps(body), content_type="application/json")

    assert patch({"cart_ttl": 600, "webhook_timeout": 9}).status_code == 200
    told = {item["name"]: item for item in patch({"cart_ttl": None}).json()["knobs"]}
    assert (told["cart_ttl"]["origin"], told["webhook_timeout"]["value"]) == ("default", 9.0)
    assert client.get(address).json()["knobs"] == list(told.values())
    for wrong in ({"cart_ttl": 0}, {"moon": 1}, {"cart_ttl": "900"}, []):
        assert patch(wrong).status_code == 400
    assert client.get("/api/v1/tenants/nobody/config/").status_code == 404


def test_the_command_sets_shows_and_unsets(platform, shop):
    def run(*arguments):
        out = StringIO()
        call_command("config", "tenant", *arguments, "--json", stdout=out)
        return {row["name"]: row for row in json.loads(out.getvalue())}

    assert run("set", shop.slug, "cart_ttl=120", "webhook_timeout=3")["cart_ttl"]["value"] == 120.0
    assert run("show", shop.slug)["webhook_timeout"]["origin"] == TENANT_OVERRIDE
    assert run("unset", shop.slug, "cart_ttl")["cart_ttl"]["value"] == 1800.0
    for wrong in (("set", shop.slug, "cart_ttl"), ("set", shop.slug, "cart_ttl=x"), ("set", "nobody", "cart_ttl=1")):
        with pytest.raises(CommandError):
            run(*wrong)


def test_the_console_shows_what_differs_and_changes_it(platform, shop):
    visitor = Visitor("operator")
    visitor.do("tenants_tenant", "configure", shop, cart_ttl="240", version=shop.version)
    page = visitor.page("tenants_tenant", shop).content.decode()

    assert get_tenant(shop.slug).overrides == {"cart_ttl": 240.0}
    assert 'data-panel="knobs"' in page
    refused = visitor.do("tenants_tenant", "configure", shop, cart_ttl="0", version=shop.version + 1)
    assert get_tenant(shop.slug).overrides == {"cart_ttl": 240.0}
    assert refused.status_code == 200


def test_a_cart_ends_when_its_shop_says(platform, shop):
    from apps.orders.services.carts import _end

    configure_tenant(tenant_id=shop.pk, change={"cart_ttl": 60}, context=platform)
    now = timezone.now()
    with tenant_scope(get_tenant(shop.slug).ref()):
        assert _end(now, now) - now == timedelta(seconds=60)
    with platform_scope("elsewhere"):
        assert current().tenant is None
        assert Decimal((_end(now, now) - now).total_seconds()) == 1800
