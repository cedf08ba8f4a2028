"""The wall and the graph: what fails is seen, what depends on it is marked, and it can be read without seeing it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from apps.health import pictures
from apps.health.graph import graph
from apps.health.models import Incident
from apps.health.queries import Period, Point
from apps.health.sampler import Result, Status
from apps.security.services import create_api_key
from rustok.health import Check, Observation, Surface, checks
from rustok.operations import Criticality
from rustok.resilience.degradation import Mode
from tests.support.console import Visitor

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
AUDIT = frozenset({Surface.AUDIT})


def drawn(status=Status.PASS, *, criticality=Criticality.NORMAL, mode=Mode.FULL, breakers=()):
    check = Check(name="thing", run=Observation, criticality=criticality, affects=AUDIT)
    return graph([Result(check, status, output="gone" if status is Status.FAIL else "")], mode, breakers, ["payments"])


def states(found):
    return {top.surface: top.status for top in found.tops if top.status is not Status.PASS}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, {}),
        ({"status": Status.WARN}, {Surface.AUDIT: Status.WARN}),
        ({"status": Status.FAIL}, {Surface.AUDIT: Status.WARN}),
        ({"status": Status.FAIL, "criticality": Criticality.CRITICAL}, {Surface.AUDIT: Status.FAIL}),
        ({"breakers": [("payments:t1", "open")]}, {Surface.REST: Status.WARN}),
        ({"breakers": [("payments", "half_open")]}, {Surface.REST: Status.WARN}),
        ({"breakers": [("payments", "closed")]}, {}),
        ({"mode": Mode.DEGRADED}, {Surface.REPORTS: Status.WARN, Surface.TASKS: Status.WARN}),
        ({"mode": Mode.OFFLINE}, dict.fromkeys(Surface, Status.FAIL)),
    ],
    ids=["well", "warn", "fail", "critical", "breaker", "half-open", "closed", "degraded", "offline"],
)
def test_a_surface_is_as_well_as_what_it_stands_on(facts, expected):
    assert states(drawn(**facts)) == expected


def test_every_check_stands_behind_some_surface():
    assert [check.name for check in checks() if not check.affects] == []


def test_the_picture_marks_what_fails_and_says_it():
    picture = pictures.network(drawn(Status.FAIL))

    assert "rk-edge-fail" in picture
    assert "rk-node-fail" in picture
    assert re.search(r'aria-label="[^"]*thing[^"]*Audit log', picture)
    assert "everything works" in pictures.network(drawn())


def test_a_strip_has_a_bar_per_stretch_and_a_gap_where_nobody_watched():
    slots = Period.HOUR.slots(NOON)
    points = {
        slot: Point(slot, 50, 0, 10 if n == 3 else 0, 2.0 + n, 9.0, None) for n, slot in enumerate(slots) if n % 10 != 5
    }
    picture = pictures.strip(slots, points, label="database")

    assert picture.count("<rect") == 54
    assert picture.count("rk-health-fail") == 1
    assert picture.count("<polyline") == 7
    assert 'aria-label="database: passes' in picture
    assert "nothing recorded" in pictures.strip(slots, {}, label="database")


@pytest.mark.django_db
@pytest.mark.parametrize("period", ["", "?period=day", "?period=month", "?period=century"])
def test_the_page_shows_every_check_the_graph_and_the_incidents(platform, period):
    Incident.objects.create(
        check_name="database", status="fail", reason="gone", began_at=NOON, ended_at=NOON + timedelta(seconds=9)
    )
    page = Visitor("operator").list("health_incident", period)
    text = page.content.decode()

    assert page.status_code == 200
    assert text.count('class="rk-tile ') == len(checks())
    assert text.count("data-surface=") == len(Surface)
    assert "9 s" in text


@pytest.mark.django_db
def test_rest_tells_history_and_graph_to_those_who_may(platform):
    Incident.objects.create(check_name="database", status="fail", reason="gone", began_at=datetime.now(UTC))
    _row, key = create_api_key(name="watcher", permissions=("health:read",), context=platform)
    client = Client(headers={"host": "localhost", "authorization": f"Bearer {key}"})

    told = client.get("/api/v1/health/history/?period=day&check=database").json()
    assert [incident["reason"] for incident in told["incidents"]] == ["gone"]
    assert {surface["surface"] for surface in client.get("/api/v1/health/graph/").json()["surfaces"]} == set(Surface)
    _row, other = create_api_key(name="stranger", permissions=("order:read",), context=platform)
    assert client.get("/api/v1/health/history/", headers={"authorization": f"Bearer {other}"}).status_code == 403
