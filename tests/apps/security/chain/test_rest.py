"""The audit log over REST: narrowed by every parameter, paged by cursor, personal data for who may see it."""

from __future__ import annotations

import pytest

from apps.customers.services import CreateCustomer, create_customer
from apps.security.chain.sealing import seal
from rustok.audit import AuditEntry
from rustok.context import current
from rustok.db.transactions import unit_of_work
from tests.support.rest import Integrator


@pytest.fixture
def auditor(log, kept) -> Integrator:
    return Integrator(log, current(), ("audit:read",))


def actions(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [entry["action"] for entry in answer.json()["results"]]


def test_pages_follow_the_cursor_and_keep_the_search(auditor):
    with unit_of_work() as uow:
        uow.audit(*(AuditEntry(action="thing:do", target=str(n)) for n in range(5)))
    first = auditor.get("audit/?action=thing:*&page_size=3")
    second = auditor.client.get(first.json()["next"], headers={"authorization": f"Bearer {auditor.key}"})

    assert (actions(first), actions(second)) == (["thing:do"] * 3, ["thing:do"] * 2)


@pytest.mark.parametrize(
    "query",
    [
        "text=%C2%B2%20_%20%27",
        "since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z",
        "subject=user:x",
        "text=a%5Cb%3A*",
    ],
)
def test_odd_searches_find_nothing_and_break_nothing(auditor, query):
    assert auditor.get(f"audit/?{query}").status_code == 200


@pytest.mark.parametrize("query", ["since=yesterday", "trace_id=xyz", "text=", "colour=red"])
def test_what_is_no_search_is_refused(auditor, query):
    assert auditor.get(f"audit/?{query}").status_code == 400


@pytest.mark.parametrize(("permission", "shown"), [("audit:reveal", True), ("audit:read", False)])
@pytest.mark.parametrize("chained", [True, False])
def test_personal_data_needs_a_permission_of_its_own(auditor, log, permission, shown, chained):
    ann = create_customer(input=CreateCustomer(name="Ann", email="ann@example.org"), context=current())
    if chained:
        seal()
    reader = Integrator(log, current(), ("audit:read", permission))
    (entry,) = reader.get(f"audit/?subject=customer:{ann.pk}").json()["results"]

    assert ("ann@example.org" in str(entry["details"])) is shown
    assert (entry["details"]["personal"]["values"] == "[sealed]") is not shown
