"""Dead letters through every door: chosen exactly, counted before they are tried, tried no faster than asked."""

from __future__ import annotations

import pytest

from apps.events import services
from apps.events.errors import NothingChosen
from apps.events.letters import Chosen
from apps.events.models import DeadLetter
from apps.events.transports import DELIVERED, Refused
from apps.security.models import AuditEntry
from tests.support.console import Visitor, notices
from tests.support.events import MemoryTransport, end_waiting, poke, relay, run
from tests.support.rest import Integrator

REDRIVE = "events/dead-letters/redrive/"


@pytest.fixture
def memory(acme) -> MemoryTransport:
    """Three letters, of the streams a, b and c; the receiver is well again."""
    relay()
    made = MemoryTransport(verdict=lambda _event: Refused("unreadable", permanent=True))
    made.subscribe()
    poke(*"abc")
    relay()
    made.verdict = lambda _event: DELIVERED
    return made


@pytest.fixture
def integrator(memory, acme, context):
    return Integrator(acme, context, ["event:read", "event:redrive"])


def positions() -> list[int]:
    return list(DeadLetter.objects.order_by("position").values_list("position", flat=True))


def test_range_is_chosen_exactly(memory):
    _a, b, c = positions()

    services.redrive(chosen=Chosen(first=b, last=c))
    relay()

    assert [event.stream for event in memory.taken] == ["thing-b", "thing-c"]


def test_choice_that_names_nothing_is_refused(memory):
    with pytest.raises(NothingChosen):
        services.redrive(chosen=Chosen())


def test_throttled_redrive_tries_one_letter_after_the_other(memory):
    """One every hundred seconds: the first at once, the others when their time has come, without anybody waiting."""
    services.redrive(chosen=Chosen(every=True), per_second=0.01)
    taken = []
    for _ in range(3):
        relay()
        taken.append(len(memory.taken))
        run("UPDATE events_dead_letter SET redrive_at = redrive_at - interval '100 seconds'")
        end_waiting()

    assert taken == [1, 2, 3]


def test_throttled_letters_are_due_by_themselves(memory, acme):
    services.redrive(chosen=Chosen(every=True), per_second=0.01)
    relay()

    ((seconds,),) = run(
        "SELECT extract(epoch FROM max(due_at) - now())::float8 FROM public.operations_due WHERE tenant_id = %s",
        acme.id,
    )
    assert 90 < seconds < 110


def test_redrive_is_audited(memory):
    services.redrive(chosen=Chosen(event_type="testkit.thing_poked.v1"))

    assert AuditEntry.objects.get(action="event:redrive").details["count"] == 3


def test_letters_are_read_over_rest(integrator):
    found = integrator.get("events/dead-letters/?stream=thing-b").json()["results"]

    assert [(letter["stream"], letter["attempts"], letter["reason"]) for letter in found] == [
        ("thing-b", 1, "unreadable")
    ]


@pytest.mark.parametrize(
    ("body", "matched"),
    [
        ({"all": True}, 3),
        ({"type": "testkit.thing_poked.v1"}, 3),
        ({"type": "orders.order_placed.v1"}, 0),
        ({"subscription": "memory", "to_position": 0}, 0),
        ({"ids": []}, 0),
    ],
)
def test_dry_run_over_rest_counts_and_changes_nothing(integrator, body, matched):
    answer = integrator.post(REDRIVE, body | {"dry_run": True})

    assert answer.json() == {"matched": matched, "redriven": 0}
    assert not DeadLetter.objects.filter(redrive=True).exists()


def test_redrive_over_rest(integrator, memory):
    letter = DeadLetter.objects.get(stream="thing-b")

    answer = integrator.post(REDRIVE, {"ids": [str(letter.pk)], "per_second": 5})
    relay()

    assert answer.json() == {"matched": 1, "redriven": 1}
    assert memory.versions("thing-b") == [1]


@pytest.mark.parametrize("body", [{}, {"all": False}, {"type": None, "per_second": 5}])
def test_no_choice_over_rest_is_no_letter(integrator, body):
    assert integrator.post(REDRIVE, body).json() == {"matched": 0, "redriven": 0}
    assert not DeadLetter.objects.filter(redrive=True).exists()


def test_redrive_needs_its_permission(memory, acme, context):
    assert Integrator(acme, context, ["event:read"]).post(REDRIVE, {"all": True}).status_code == 403


def test_console_shows_the_dry_run_first(memory, acme):
    answer = Visitor("owner", acme).do("events_deadletter", "redrive_many", dry_run="on", subscription="memory")

    assert "3 dead letters would be tried again" in answer.content.decode()
    assert not DeadLetter.objects.filter(redrive=True).exists()


def test_console_tries_what_was_chosen(memory, acme):
    owner = Visitor("owner", acme)
    _a, b, _c = positions()

    answer = owner.do("events_deadletter", "redrive_many", subscription="", first=b, per_second="100")

    assert "2 dead letters are tried again" in notices(answer)
    assert list(DeadLetter.objects.filter(redrive=True).order_by("position").values_list("stream", flat=True)) == [
        "thing-b",
        "thing-c",
    ]
