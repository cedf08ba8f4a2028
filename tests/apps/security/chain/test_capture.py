"""Tables under capture: what is declared is what the database does, for every table and every way of writing."""

from __future__ import annotations

import re

import pytest
from django.db import DatabaseError

from apps.catalog.models import Price, Product, StockLevel, Variant
from apps.customers.models import Customer
from apps.flags.models import Flag
from apps.security.chain.capture import triggers
from apps.security.models import AuditEntry as Row
from apps.tenants.isolation import platform_scope
from apps.webhooks.models import WebhookEndpoint
from rustok.context import current
from rustok.db.attribution import Captured, captured, concerns
from rustok.db.ids import new_id
from tests.support.events import run

DEFINITIONS = """
    SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger
    WHERE NOT tgisinternal AND tgname ~ '_audited(_update|_truncate)?$' AND tgrelid IN (
        SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)
"""
AT = "2026-03-01T00:00:00Z"


def plain(definition: str) -> str:
    """Without what PostgreSQL adds when it prints a trigger: schema, parentheses, quotes of columns."""
    return re.sub(
        r"t_[0-9a-f]{12}\.|public\.|[()\"\s;]", "", definition.replace("OR DELETE OR UPDATE", "OR UPDATE OR DELETE")
    ).lower()


def test_the_database_keeps_of_each_table_what_its_app_declares(acme):
    made = dict(run(DEFINITIONS))
    with platform_scope("compare"):
        made |= dict(run(DEFINITIONS))
    wanted = {name: text for table in captured() for name, text in triggers(table)}

    assert {name: plain(text) for name, text in made.items()} == {name: plain(text) for name, text in wanted.items()}


def notes(table: str) -> list[tuple[str, str, dict]]:
    rows = Row.objects.filter(action__startswith="row:", target__startswith=f"{table}/").order_by("id")
    return [(row.actor, row.action, row.details["columns"]) for row in rows]


@pytest.fixture
def variant(log) -> Variant:
    product = Product.objects.create(name="Mug", created_at=AT, updated_at=AT)
    return Variant.objects.create(product=product, sku="MUG")


def test_prices_are_noted_by_queryset_bulk_and_raw_sql(variant):
    Price.objects.bulk_create([Price(variant=variant, currency=code, amount=100) for code in ("USD", "EUR")])
    Price.objects.filter(currency="USD").update(amount=120)
    run("UPDATE catalog_price SET amount = 1 WHERE currency = 'EUR'")

    assert [(actor, verb) for actor, verb, _columns in notes("catalog_price")] == [
        ("user:alice", f"row:{verb}") for verb in ("insert", "insert", "update", "update")
    ]
    assert notes("catalog_price")[-1][2] == {"amount": [100, 1]}


def test_secrets_of_endpoints_never_reach_the_log(log):
    endpoint = {"url": "https://a.example/", "event_types": ["*"], "subscription_id": new_id()}
    made = WebhookEndpoint.objects.create(sealed_secret=b"hush", **endpoint)
    WebhookEndpoint.objects.update(sealed_secret=b"other", previous_sealed_secret=b"hush")

    (_a, _v, first), (_b, _w, second) = notes("webhooks_endpoint")
    assert first["sealed_secret"] == "[hidden]"
    assert second == {"sealed_secret": "[hidden]", "previous_sealed_secret": "[hidden]"}
    assert made.pk is not None


def test_binary_columns_are_masked_even_if_nobody_said_so(log):
    run("CREATE TABLE vault (id uuid, key bytea, label text)")
    for _name, text in triggers(Captured(table="vault")):
        run(text)
    run("INSERT INTO vault VALUES (gen_random_uuid(), '\\x6869', 'blue')")

    assert notes("vault")[0][2]["key"] == "[hidden]"


def test_what_people_count_is_noted_and_what_orders_reserve_is_not(variant):
    level = StockLevel.objects.create(variant=variant, on_hand=10, updated_at=AT)
    StockLevel.objects.update(reserved=4)
    run("UPDATE catalog_stocklevel SET on_hand = on_hand - 4, reserved = reserved - 4")
    StockLevel.objects.filter(pk=level.pk).update(on_hand=9)

    assert [verb for _actor, verb, _columns in notes("catalog_stocklevel")] == ["row:insert", "row:update"]
    assert notes("catalog_stocklevel")[-1][2] == {"on_hand": [6, 9]}


def test_the_platform_notes_flags_in_its_own_log(platform):
    Flag.objects.filter(name="new-checkout-flow").update(everyone=False)
    Flag.objects.bulk_create([Flag(name="probe", owner="ops", expires_on="2027-01-01")])

    assert notes("flags_flag")[-1][1] == "row:insert"


def test_one_transaction_leaves_one_mark(log):
    Customer.objects.bulk_create([Customer(name=f"N{n}", created_at=AT, updated_at=AT) for n in range(5)])
    run("UPDATE customers_customer SET name = 'x'")

    assert run("SELECT count(*) FROM public.operations_audit_wakeup") == [(1,)]
    assert len(notes("customers_customer")) == 10


def test_a_truncated_table_leaves_an_entry(log):
    run("TRUNCATE catalog_price")

    entry = Row.objects.get()
    assert (entry.actor, entry.action, entry.target) == ("user:alice", "row:truncate", "catalog_price/")
    assert run("SELECT count(*) FROM public.operations_audit_wakeup") == [(1,)]


def test_the_audit_log_cannot_be_truncated(log):
    with pytest.raises(DatabaseError, match="cannot be changed or removed"):
        run("TRUNCATE security_auditentry CASCADE")


RESERVE = "UPDATE catalog_stocklevel s SET reserved = s.reserved + 1 WHERE s.on_hand - s.reserved >= 1"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("SELECT 1 FROM catalog_price", False),
        ("\n  SELECT 1 FROM catalog_price FOR UPDATE", False),
        ("UPDATE orders_order SET status = 'paid'", False),
        (RESERVE, False),
        ('UPDATE "catalog_stocklevel" SET "on_hand" = 3', True),
        ("delete from catalog_stocklevel where true", True),
        ('INSERT INTO "catalog_stocklevel" ("id") VALUES (1)', True),
        ("UPDATE catalog_price SET amount = 1", True),
        ("WITH x AS (SELECT 1) DELETE FROM tenants_domain", True),
        ("INSERT INTO tenants_tenantchange VALUES (1)", False),
    ],
)
def test_the_session_learns_the_actor_before_writes_that_may_be_noted(statement, told):
    assert concerns(statement) is told


def test_the_actor_is_that_of_the_context(acme):
    assert current().actor.reference == "user:alice"
