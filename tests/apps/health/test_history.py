"""What checks saw, kept by the minute and the hour: what is written, by whom, and how incidents begin and end."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from django.utils import translation
from django.utils.translation import gettext_lazy

from apps.health.models import BY_HOUR, BY_MINUTE, Incident, Sample
from apps.health.queries import Period, history, incidents
from apps.health.recorder import KEPT_MINUTES, Recorder
from apps.health.sampler import Result, Status
from apps.health.services import HOURS_KEPT, MINUTES_KEPT, MOST_INCIDENTS, forget, keep_minutes
from rustok.health import Check, Observation, Reason, as_reason

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
CHECK = Check(name="thing", run=Observation)


class Stage:
    """One process: a check that plays a part, a clock, a recorder that stores through `keep`."""

    def __init__(self, keep=keep_minutes, start=NOON):
        self.now, self.status, self.took, self.text = start, Status.PASS, 2.0, ""
        self.recorder = Recorder(self.results, keep=keep, clock=lambda: self.now)

    def results(self):
        seen = Observation(value=self.took)
        return (Result(CHECK, self.status, seen, output=as_reason(self.text), took_ms=self.took, at=self.now),)

    def play(self, seconds, status=Status.PASS, text="", took=2.0):
        self.status, self.text, self.took = status, text, took
        for _second in range(seconds):
            if self.recorder.tick():
                self.recorder.flush()
            self.now += timedelta(seconds=1)


@pytest.fixture
def stage(platform, db):
    return Stage()


def told():
    return list(Incident.objects.order_by("began_at").values_list("status", "reason", "began_at", "ended_at"))


def test_a_minute_is_told_once_it_is_over(stage):
    stage.play(61, took=4.0)

    row = Sample.objects.get(width=BY_MINUTE)
    assert (row.check_name, row.at, row.passed, row.failed, row.took_ms, row.value) == ("thing", NOON, 60, 0, 4.0, 4.0)


def test_an_incident_lasts_from_the_first_to_the_last_bad_second(stage):
    stage.play(30)
    stage.play(90, Status.FAIL, "gone")
    stage.play(70)

    assert told() == [("fail", "gone", NOON + timedelta(seconds=30), NOON + timedelta(seconds=120))]


def test_an_incident_is_open_while_it_lasts_and_tells_its_worst(stage):
    stage.play(65, Status.WARN, "late")
    assert told() == [("warn", "late", NOON, None)]

    stage.play(60, Status.FAIL, "gone")
    stage.play(60, Status.WARN, "late")
    assert told() == [("fail", "gone", NOON, None)]


def test_the_reason_of_an_incident_is_told_in_the_readers_language(stage):
    late = Reason(gettext_lazy("no worker has finished a task for {seconds} s"), seconds=75)
    stage.play(61, Status.FAIL, late)
    incident = Incident.objects.get()

    assert (incident.reason, incident.explanation) == ("no worker has finished a task for 75 s",) * 2
    with translation.override("ru"):
        assert "75" in incident.explanation
        assert incident.explanation != incident.reason


def test_an_older_incident_keeps_its_english_reason():
    assert Incident(reason="gone").explanation == "gone"


def test_a_blink_within_a_minute_is_told(stage):
    stage.play(10)
    stage.play(3, Status.FAIL, "blink")
    stage.play(60)

    assert told() == [("fail", "blink", NOON + timedelta(seconds=10), NOON + timedelta(seconds=13))]


def test_an_outage_of_the_store_is_on_record_when_it_is_over(platform, db):
    down = True

    def keep(minutes):
        if down:
            raise OperationalError("no server")
        keep_minutes(minutes)

    stage = Stage(keep)
    stage.play(300, Status.FAIL, "PostgreSQL does not answer")
    assert stage.recorder.waiting == 4
    down = False
    stage.play(65)

    assert Sample.objects.filter(width=BY_MINUTE).count() == 5 + 1
    assert told() == [("fail", "PostgreSQL does not answer", NOON, NOON + timedelta(seconds=300))]


def test_what_waits_is_bounded():
    def keep(_minutes):
        raise OperationalError("no server")

    stage = Stage(keep)
    for _minute in range(KEPT_MINUTES + 20):
        stage.recorder.tick()
        stage.now += timedelta(minutes=1)

    assert stage.recorder.waiting == KEPT_MINUTES


def test_several_processes_write_each_minute_once_and_one_incident(stage):
    other = Stage(start=NOON + timedelta(milliseconds=400))
    for seconds, status, text in ((55, Status.PASS, ""), (10, Status.FAIL, "gone"), (70, Status.PASS, "")):
        for _second in range(seconds):
            stage.play(1, status, text)
            other.play(1, status, text)

    assert Sample.objects.filter(width=BY_MINUTE).count() == 2
    assert [(row[0], row[1]) for row in told()] == [("fail", "gone")]


def test_a_process_whose_clock_is_ahead_leaves_the_history_alone(platform, db):
    Stage().play(61)
    Stage(start=datetime(2050, 1, 1, 0, 59, tzinfo=UTC)).play(125, Status.FAIL, "gone")

    assert list(Sample.objects.filter(width=BY_MINUTE).values_list("at", flat=True)) == [NOON]
    assert told() == []


def test_hours_are_sums_of_their_minutes_even_while_they_last(stage):
    stage.play(121, took=2.0)
    stage.play(60, Status.FAIL, "gone", took=8.0)

    hour = Sample.objects.get(width=BY_HOUR)
    assert (hour.at, hour.passed, hour.failed, hour.worst_ms) == (NOON, 121, 59, 8.0)


def test_history_has_points_where_somebody_watched(stage):
    stage.play(61)
    stage.now += timedelta(minutes=10)
    stage.play(61, Status.FAIL, "gone")
    stage.play(2)

    points = history(Period.HOUR, now=stage.now)["thing"]
    assert [point.status for point in points.values()] == [Status.PASS, Status.PASS, Status.FAIL][: len(points)]
    assert set(points) <= set(Period.HOUR.slots(stage.now))
    month = history(Period.MONTH, now=stage.now)["thing"]
    assert [point.status for point in month.values()] == [Status.FAIL]
    assert incidents(since=stage.now - timedelta(hours=1)).count() == 1


def test_what_is_old_is_forgotten(platform, db):
    def sample(width, at):
        Sample.objects.create(check_name="x", width=width, at=at, passed=1, warned=0, failed=0, took_ms=1, worst_ms=1)

    for width, kept in ((BY_MINUTE, MINUTES_KEPT), (BY_HOUR, HOURS_KEPT)):
        sample(width, NOON - kept - timedelta(hours=1))
        sample(width, NOON - timedelta(hours=1))
    Incident.objects.create(
        check_name="old", status="fail", began_at=NOON - timedelta(days=40), ended_at=NOON - HOURS_KEPT * 1.1
    )
    Incident.objects.create(check_name="x", status="fail", began_at=NOON - timedelta(days=40))
    forget(now=NOON)

    assert Sample.objects.count() == 2
    assert list(Incident.objects.values_list("check_name", "ended_at")) == [("x", None)]


def test_an_incident_of_a_check_that_is_gone_ends(platform, db):
    for name, ago in (("gone", 25), ("new", 1)):
        Incident.objects.create(check_name=name, status="fail", began_at=NOON - timedelta(hours=ago))
    forget(now=NOON)

    assert dict(Incident.objects.values_list("check_name", "ended_at")) == {"gone": NOON, "new": None}


def test_too_many_incidents_keep_the_newest(platform, db):
    Incident.objects.bulk_create(
        Incident(
            check_name="x", status="warn", began_at=NOON + timedelta(seconds=n), ended_at=NOON + timedelta(seconds=n)
        )
        for n in range(MOST_INCIDENTS + 3)
    )
    forget(now=NOON)

    assert Incident.objects.count() == MOST_INCIDENTS
    assert Incident.objects.order_by("began_at").first().began_at == NOON + timedelta(seconds=3)


def test_a_check_that_never_answered_is_not_told(platform, db):
    recorder = Recorder(lambda: (Result(CHECK, Status.FAIL, output="not checked yet"),), clock=lambda: NOON)
    recorder.tick()

    assert recorder.since() == {}
