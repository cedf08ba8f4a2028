"""A flood of equal lines is cut and counted; others pass."""

import io
import logging

import orjson
import pytest

from rustok.telemetry import log_event
from rustok.telemetry import logging as telemetry
from rustok.telemetry.sampling import Burst


class Watch:
    def __init__(self, limit):
        self.now, self.told = 100.0, []
        self.burst = Burst(limit, lambda key, lines: self.told.append((key, lines)), clock=lambda: self.now)

    def say(self, key, times=1):
        return sum(self.burst.admits(key) for _time in range(times))


def test_a_flood_is_cut_and_told_when_the_second_is_over():
    watch = Watch(3)

    assert (watch.say("a", 10), watch.say("b", 2), watch.told) == (3, 2, [])
    watch.now += 1
    assert watch.say("c") == 1
    assert watch.told == [("a", 7)]
    assert watch.say("a", 2) == 2


def test_no_limit_lets_all_through():
    assert Watch(0).say("a", 1_000) == 1_000


def test_a_flood_of_keys_takes_bounded_memory():
    watch = Watch(5)

    assert sum(watch.say(f"key-{n}") for n in range(5_000)) == 2_000 + 5
    assert len(watch.burst._seen) == 2_001


@pytest.fixture
def written():
    stream, before = io.BytesIO(), telemetry.stream()
    telemetry.configure(level="INFO", stream=stream, burst=2)
    yield lambda: [orjson.loads(line) for line in stream.getvalue().splitlines()]
    telemetry.configure(level="INFO", stream=before)


def test_both_roads_are_cut_with_a_line_that_says_so(written, monkeypatch):
    now = [50.0]
    monkeypatch.setattr(telemetry._burst, "_clock", lambda: now[0])
    for n in range(5):
        log_event("thing.happened", n=n)
        logging.getLogger("library").warning("thing %s", n)
    now[0] += 1
    log_event("other.happened")

    events = [line["event"] for line in written()]
    assert events.count("thing.happened") == 2
    assert [event for event in events if event.startswith("thing ")] == ["thing 0", "thing 1"]
    suppressed = {line["of"]: line["lines"] for line in written() if line["event"] == "log.suppressed"}
    assert suppressed == {"20 thing.happened": 3, "WARNING library thing %s": 3}
