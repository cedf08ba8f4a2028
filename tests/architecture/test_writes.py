"""Rows are written by models and services, nowhere else: a door, a query or a check that writes is a hidden rule."""

import ast
import re

import pytest

from tests.support.sources import dotted, parsed, sources

WRITES = {"create", "bulk_create", "update", "bulk_update", "update_or_create", "get_or_create", "delete", "save"}
SQL = re.compile(
    r"^\s*(WITH\b.*\b)?(INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|TRUNCATE)\b", re.IGNORECASE | re.DOTALL
)
ROOMS = {"models", "services"}
# Mechanisms that are themselves the writing half of a kernel port or of the log. Each line says which.
MECHANISMS = {
    "apps/demo/receiver.py": "plays another company's server: notes what arrives",
    "apps/demo/subscribing.py": "its agreement with each shop",
    "apps/events/": "the log: recorder, numbering, relay and its bookkeeping rows",
    "apps/operations/": "small tables behind kernel ports: wake-ups, leases, idempotency",
    "apps/security/audit.py": "the audit port",
    "apps/security/chain/": "seals audit entries and notes checkpoints",
    "apps/security/locking.py": "locking people out and letting them in, across the rooms of that app",
    "apps/security/oidc/services.py": "links of accounts at an identity provider; the services of that room",
    "apps/security/tokens/services.py": "families of service tokens; the services of that room",
    "apps/security/access/services.py": "roles and who has them; the services of that room",
    "apps/security/identity/factors.py": "second factors; this and the next are the services of that room",
    "apps/security/identity/lockout.py": "counted attempts",
    "apps/security/identity/passkeys.py": "signature counters of passkeys",
    "apps/security/identity/rules.py": "the sign-in policy",
    "apps/security/identity/services.py": "signing in, ending sessions",
    "apps/security/identity/sessions.py": "the session engine",
    "apps/security/identity/visits.py": "break-glass visits",
    "apps/security/selfaudit/services.py": "runs of the self-audit; the services of that room",
    "apps/security/zero_trust/services.py": "signing keys and the trust policy; the services of that room",
    "apps/security/authentication.py": "notes when a key was last used",
    "apps/insights/projections/": "rows of the read models, in the transaction that moves their cursor",
    "apps/lifecycle/schemas/": "makes schemas and their template",
    "apps/tenants/resolution/": "the list of changes that other processes follow",
    "apps/webhooks/": "bookkeeping of deliveries by the subscriber itself",
    "rustok/db/": "the data layer",
    "rustok/local/": "creates the embedded databases",
}


def writes_of(source):
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            chain = dotted(node.func)
            if ".objects." in chain or (node.func.attr == "save" and not chain.startswith("super()")):
                yield f"{source.path}:{node.lineno} {chain}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield f"{source.path}:{node.lineno} SQL that writes"


def test_only_models_services_and_the_named_mechanisms_write():
    watched = [source for source in sources() if source.room not in ROOMS and not source.is_in(*MECHANISMS)]

    assert not [found for source in watched for found in writes_of(source)]


def test_every_mechanism_still_exists():
    assert not [place for place in MECHANISMS if not any(source.is_in(place) for source in sources())]


@pytest.mark.parametrize(
    "code",
    [
        "Order.objects.filter(pk=1).update(status='paid')",
        "Order.objects.create(number=1)",
        "order.save(update_fields=['status'])",
        "cursor.execute('UPDATE orders_order SET status = 1')",
    ],
)
def test_the_rule_finds_writes(code):
    assert list(writes_of(parsed("apps/orders/api/orders.py", code)))


@pytest.mark.parametrize("code", ["facts.update(a=1)", "Order.objects.filter(pk=1).exists()", "cache.delete('x')"])
def test_the_rule_lets_reads_and_other_words_pass(code):
    assert not list(writes_of(parsed("apps/orders/queries.py", code)))
