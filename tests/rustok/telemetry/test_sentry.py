"""Error reports: off without a DSN, quiet about refusals, silent about secrets."""

from uuid import UUID

from rustok import context
from rustok.context import ExecutionContext, TenantRef
from rustok.errors.families import DatabaseUnavailable, NotFound
from rustok.telemetry import sentry

ACME = TenantRef(id=UUID(int=1), slug="acme", name="Acme", schema="t_000000000001")


def hint_of(error):
    return {"exc_info": (type(error), error, None)}


def test_nothing_is_reported_without_a_dsn():
    assert sentry.configure(dsn="", environment="test") is False


def test_expected_refusals_are_not_reported():
    assert sentry.before_send({}, hint_of(NotFound(resource="order"))) is None


def test_our_own_faults_are_reported_with_the_tenant():
    with context.use(ExecutionContext(tenant=ACME, request_id="r-1")):
        event = sentry.before_send({"tags": {"a": "b"}}, hint_of(DatabaseUnavailable()))

    assert event["tags"].items() >= {"a": "b", "tenant": "acme", "request_id": "r-1"}.items()


def test_secrets_are_masked_at_any_depth():
    event = {"request": {"headers": [["Authorization", "Bearer abcdefgh"]], "data": {"password": "hunter2"}}}

    text = str(sentry.before_send(event, {}))

    assert "abcdefgh" not in text
    assert "hunter2" not in text
