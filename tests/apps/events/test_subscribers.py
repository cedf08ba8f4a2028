"""In-process subscribers: effects commit with the cursor, once; one bad fact does not sink its batch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.events import enrolment, inbox
from apps.events.models import Event, InboxEntry, ParkedKey
from apps.events.transports.subscribers import register_subscriber, unregister_subscriber
from rustok.db.ids import new_id
from rustok.db.transactions import unit_of_work
from tests.support.events import ThingPoked, end_waiting, poke, relay, run


class Ledger:
    """Writes a row per event, so that a test can see what survived; refuses streams named in `poison`."""

    name = "ledger"
    event_types = ("testkit.*",)
    partitions = 1

    def __init__(self) -> None:
        self.poison: set[str] = set()

    def handle(self, batch) -> None:
        for event in batch:
            run("INSERT INTO events_inbox (id, consumer, event_id) VALUES (%s, 'effect', %s)", new_id(), event.id)
            if event.stream in self.poison:
                raise ValueError("poison")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    subscriber = Ledger()
    register_subscriber(subscriber)
    yield subscriber
    unregister_subscriber(subscriber.name)
    enrolment.forget_seen()


def effects() -> int:
    return InboxEntry.objects.filter(consumer="effect").count()


def test_every_fact_has_its_effect_once(ledger, acme):
    poke(*"abc")
    relay()
    relay()

    assert effects() == 3


def test_refused_fact_leaves_no_effect_and_others_keep_theirs(ledger, acme):
    ledger.poison = {"thing-bad"}
    poke("a", "bad", "b")
    relay()

    assert effects() == 2
    assert ParkedKey.objects.get().stream == "thing-bad"


def test_parked_fact_has_its_effect_later(ledger, acme):
    ledger.poison = {"thing-bad"}
    poke("bad", "b")
    relay()
    ledger.poison = set()
    end_waiting()
    relay()

    assert effects() == 2


def test_reaction_names_the_event_as_its_cause(ledger, acme, monkeypatch):
    def answer(batch) -> None:
        for event in batch:
            if event.stream == "thing-question":
                with unit_of_work() as uow:
                    uow.record(ThingPoked(thing="answer"))

    monkeypatch.setattr(ledger, "handle", answer)
    poke("question")
    relay()

    question, reply = (Event.objects.get(stream=f"thing-{name}") for name in ("question", "answer"))
    assert reply.metadata["causation"] == str(question.pk)


def test_second_registration_under_a_name_is_refused(ledger):
    class Impostor(Ledger):
        pass

    with pytest.raises(ValueError, match="twice"):
        register_subscriber(Impostor())


def test_inbox_takes_each_event_once_per_consumer(acme):
    event_id = new_id()

    taken = [inbox.take(consumer="mailer", event_id=event_id) for _ in range(2)]

    assert taken == [True, False]
    assert inbox.take(consumer="printer", event_id=event_id)
