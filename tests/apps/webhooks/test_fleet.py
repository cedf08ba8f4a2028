"""Many posts at once: keys in order, receivers not overrun, nobody waited for alone."""

from __future__ import annotations

import time

import pytest

from apps.webhooks.addresses import read_url
from apps.webhooks.connections import Connection
from apps.webhooks.fleet import AHEAD, FAR, SILENCE, START, WIDTH, Fleet
from tests.support.receiver import OK, drip


class Crew:
    """Posts jobs of these keys to a receiver and notes what became of them."""

    def __init__(self, receiver, keys, *, width=WIDTH, timeout=5.0):
        self.over, self.replies, self.timeout = [], {}, timeout
        self.target, self.keys = read_url(receiver.url), list(keys)
        self.fleet = Fleet(self.keys, start=self.start, judge=self.judge, width=width)

    def start(self, job):
        connection = Connection(self.target, "127.0.0.1")
        connection.start(b"X-Job: %d\r\n" % job, b"{}", deadline=time.monotonic() + self.timeout)
        return connection

    def judge(self, job, connection):
        connection.close()
        self.over.append(job)
        self.replies[job] = connection.reply
        return connection.reply is not None

    def run(self, seconds=5.0):
        now = time.monotonic()
        self.fleet.run(until=now + seconds, fill_until=now + seconds)


def jobs(receiver):
    return [int(got.headers["x-job"]) for got in receiver.got]


def test_jobs_of_a_key_go_one_after_the_other(receiver):
    crew = Crew(receiver, "abcabcabc")
    crew.run()

    assert sorted(crew.over) == list(range(9))
    for key in range(3):
        assert [job for job in jobs(receiver) if job % 3 == key] == [key, key + 3, key + 6]


def test_width_of_one_keeps_the_whole_order(receiver):
    Crew(receiver, range(6), width=1).run()

    assert jobs(receiver) == list(range(6))


def test_a_refused_job_ends_its_key(receiver):
    receiver.answer = lambda got: None if got.headers["x-job"] == "0" else OK
    crew = Crew(receiver, "abab")
    crew.run()

    assert sorted(crew.over) == [0, 1, 3]


def test_a_receiver_that_never_answers_holds_few_connections(receiver):
    receiver.answer = lambda _got: [b"HTTP/1.1 200 OK\r\n"]
    crew = Crew(receiver, range(20), timeout=0.15)
    crew.run(seconds=0.1)

    assert len(receiver.got) == START
    assert crew.replies == dict.fromkeys(range(START))


def test_others_are_served_while_one_hangs(receiver):
    receiver.answer = lambda got: [b"HTTP/1.1 200 OK\r\n"] if got.headers["x-job"] == "0" else OK
    crew = Crew(receiver, range(AHEAD), timeout=0.4)
    crew.run()

    assert crew.over[-1] == 0
    assert len(crew.over) == AHEAD


def test_nobody_runs_far_ahead_of_what_is_not_over(receiver):
    receiver.answer = lambda got: [b"HTTP/1.1 200 OK\r\n"] if got.headers["x-job"] == "0" else OK
    crew = Crew(receiver, range(FAR * 2), timeout=0.6)
    crew.run(seconds=0.5)

    assert AHEAD < max(jobs(receiver)) < FAR


def test_before_it_is_clear_that_the_first_hangs_the_others_keep_near(receiver):
    receiver.answer = lambda got: [b"HTTP/1.1 200 OK\r\n"] if got.headers["x-job"] == "0" else OK
    crew = Crew(receiver, range(FAR), timeout=SILENCE * 0.9)
    crew.run(seconds=SILENCE * 0.8)

    assert max(jobs(receiver)) < AHEAD


def test_the_rest_of_a_refused_key_holds_nobody_back(receiver):
    receiver.answer = lambda got: None if got.headers["x-job"] == "0" else OK
    crew = Crew(receiver, ["a", "a", *range(AHEAD * 2)])
    crew.run()

    assert len(crew.over) == AHEAD * 2 + 1


def test_a_slow_receiver_is_served_side_by_side(receiver):
    receiver.answer = lambda _got: drip(b"HTTP/1.1 204 No\r\n\r\n", 0.005)
    crew = Crew(receiver, range(12))
    started = time.monotonic()
    crew.run()

    assert len(crew.over) == 12
    assert time.monotonic() - started < 12 * 19 * 0.005  # what one after the other would take


def test_nothing_begins_once_stopped(receiver):
    crew = Crew(receiver, range(5))
    crew.fleet.stop()
    crew.run()

    assert crew.over == []


@pytest.mark.parametrize("keys", [[], ["a"]])
def test_small_fleets_end(receiver, keys):
    crew = Crew(receiver, keys)
    crew.run()

    assert len(crew.over) == len(keys)
