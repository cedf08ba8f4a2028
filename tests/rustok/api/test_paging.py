"""Keyset pages: complete, in order, both ways, one query each; foreign cursors are refused."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.security.models import AuditEntry as Row
from rustok.audit import AuditEntry
from rustok.db.transactions import unit_of_work


def fill(*targets: str) -> None:
    with unit_of_work() as uow:
        uow.audit(*(AuditEntry(action="sample:make", target=target) for target in targets))


def walk(client, url: str, direction: str = "next") -> list[list[str]]:
    pages = []
    while url is not None:
        page = client.get(url).json()
        pages.append(page["results"])
        last, url = page, page[direction]
    return [*pages, last] if direction == "previous" else pages


def test_pages_hold_every_row_once_in_order(sample):
    fill(*"abcdefg")

    assert walk(sample, "/things/?page_size=3") == [["g", "f", "e"], ["d", "c", "b"], ["a"]]


def test_equal_values_are_told_apart_by_the_key(sample):
    fill("b", "a", "b", "a", "a")

    assert walk(sample, "/things/sorted/?page_size=2") == [["a", "a"], ["a", "b"], ["b"]]


def test_the_way_back_shows_the_same_pages(sample):
    fill(*"abcdefg")
    second = sample.get(sample.get("/things/?page_size=3").json()["next"]).json()
    third = sample.get(second["next"]).json()

    assert sample.get(third["previous"]).json()["results"] == second["results"]
    first = sample.get(second["previous"]).json()
    assert (first["results"], first["previous"]) == (["g", "f", "e"], None)
    assert sample.get(first["next"]).json()["results"] == second["results"]


def test_rows_that_come_and_go_shift_nothing(sample):
    fill(*"abcdef")
    first = sample.get("/things/?page_size=2").json()
    fill("new")

    assert sample.get(first["next"]).json()["results"] == ["d", "c"]


def test_empty_and_exact_pages_have_no_neighbours(sample):
    assert sample.get("/things/").json() == {"results": [], "next": None, "previous": None}
    fill(*"ab")

    assert sample.get("/things/?page_size=2").json()["next"] is None


def test_number_of_queries_does_not_grow(sample):
    fill(*"abcdefgh")
    sample.get("/things/")
    counts = set()
    for size in (1, 8):
        with CaptureQueriesContext(connection) as queries:
            sample.get(f"/things/?page_size={size}")
        counts.add(len(queries))

    assert counts == {2}  # the credential and the page


def flip(cursor: str) -> str:
    return cursor[:-1] + ("A" if cursor[-1] != "A" else "B")


@pytest.fixture
def cursor(sample):
    fill(*"aab")
    return sample.get("/things/?page_size=1").json()["next"].partition("cursor=")[2]


FOREIGN = {
    "tampered": lambda cursor: f"/things/?cursor={flip(cursor)}",
    "made up": lambda cursor: f"/things/?cursor={'A' * 60}",
    "of another list": lambda cursor: f"/things/sorted/?cursor={cursor}",
    "of another filter": lambda cursor: f"/things/?name=a&cursor={cursor}",
}


@pytest.mark.parametrize("address", FOREIGN.values(), ids=FOREIGN)
def test_cursor_that_was_not_issued_here_is_unknown(sample, cursor, address):
    answer = sample.get(address(cursor))

    assert (answer.status_code, answer.json()["code"]) == (404, 4005)


def test_cursor_of_one_shop_is_unknown_in_another(sample, cursor, globex, client_of, context):
    from apps.security.services import create_api_key
    from apps.tenants.isolation import tenant_scope
    from rustok.context import current

    with tenant_scope(globex):
        _key, plain = create_api_key(name="x", permissions=["*:*"], context=current())
    stranger = client_of(globex, HTTP_AUTHORIZATION=f"Bearer {plain}")

    assert stranger.get(f"/things/?cursor={cursor}").json()["code"] == 4005


def test_filter_stays_in_the_addresses(sample):
    fill(*"abab")

    assert walk(sample, "/things/?name=a&page_size=1") == [["a"], ["a"]]
    assert Row.objects.filter(target="b").exists()
