"""Shops from before the read models get them by the ordinary fleet migration, filled from their first event on."""

from __future__ import annotations

from apps.events import enrolment
from apps.events.models import Subscription
from apps.insights import queries
from apps.lifecycle.schemas.migrations import migrate_schema, missing_migrations
from apps.operations import wakeups
from apps.tenants.isolation import platform_scope
from tests.support.commerce import make_order
from tests.support.events import relay, run


def forget_read_models(tenant) -> None:
    """Make the shop what it was before this app existed."""
    for table in ("salesday", "productday", "stockday", "customervalue", "statuscount"):
        run(f"DROP TABLE insights_{table}")
    run("DELETE FROM django_migrations WHERE app = 'insights'")
    Subscription.objects.filter(transport="projection").delete()
    wakeups.forget(tenant_id=tenant.id)
    enrolment.forget_seen()


def test_idle_shop_with_history_gets_filled_read_models(acme):
    make_order("delivered")
    relay()
    forget_read_models(acme)
    with platform_scope("ask what the shop lacks"):
        lacking = missing_migrations([acme.schema])

    migrate_schema(acme)
    relay()

    assert lacking == {acme.schema: 4}
    assert [row.orders for row in queries.sales_days()] == [1]


def test_relay_waits_for_tables_that_are_not_there_yet(acme):
    """New code beside a schema that is not migrated: the projection pauses, nothing is parked, nothing is lost."""
    forget_read_models(acme)
    make_order()
    relay()
    parked = run("SELECT count(*) FROM events_parked")

    migrate_schema(acme)
    run(f"UPDATE {wakeups.DUES} SET due_at = statement_timestamp(), not_before = NULL")
    relay()

    assert parked == [(0,)]
    assert [row.orders for row in queries.sales_days()] == [1]
