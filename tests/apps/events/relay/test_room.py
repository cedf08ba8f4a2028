"""As many parked keys as may be: the cursor waits for room, and who is bad comes to an end."""

from __future__ import annotations

from apps.events.models import DeadLetter, ParkedKey
from apps.events.relay import policy
from apps.events.transports import DELIVERED, Refused
from tests.support.events import end_waiting, poke, refuse, relay, run


def test_parked_keys_are_bounded(memory, monkeypatch):
    monkeypatch.setattr(policy, "MAX_PARKED", 2)
    memory.subscribe()
    memory.verdict = lambda event: DELIVERED if event.stream == "thing-good" else Refused("no")
    for name in "abcdef":
        poke(name, "good")
        relay()

    assert ParkedKey.objects.count() == 2


def test_behind_more_poisoned_streams_than_may_be_parked_healthy_ones_still_come(memory, monkeypatch):
    monkeypatch.setattr(policy, "MAX_PARKED", 2)
    monkeypatch.setattr(policy, "MAX_ATTEMPTS", 2)
    memory.subscribe()
    memory.verdict = refuse(*(f"thing-p{n}" for n in range(6)))
    for n in range(6):
        poke(f"p{n}", "good")
    for _ in range(20):
        relay()
        end_waiting()
        assert ParkedKey.objects.count() <= 2

    assert list(dict.fromkeys(memory.versions("thing-good"))) == [1, 2, 3, 4, 5, 6]  # at least once, in order
    assert sorted(DeadLetter.objects.values_list("stream", "attempts")) == [(f"thing-p{n}", 2) for n in range(6)]


def test_failing_destination_kills_no_parked_key_when_there_is_no_room_for_another(memory, monkeypatch):
    monkeypatch.setattr(policy, "MAX_PARKED", 2)
    monkeypatch.setattr(policy, "MAX_ATTEMPTS", 4)
    memory.subscribe()
    memory.verdict = refuse("thing-a", "thing-b")
    poke("a", "good", "b", "good")
    relay()
    memory.verdict = lambda _event: Refused("500")
    poke("c", "d", "e", "f")
    for _ in range(20):
        end_waiting()
        relay()
    assert not DeadLetter.objects.exists()

    memory.verdict = refuse("thing-a")
    for _ in range(20):
        end_waiting()
        relay()
    assert [memory.versions(f"thing-{name}") for name in "bcdef"] == [[1]] * 5
    assert DeadLetter.objects.get().stream == "thing-a"


def test_partition_without_room_for_another_key_rests_without_its_siblings(memory, acme, monkeypatch):
    monkeypatch.setattr(policy, "MAX_PARKED", 0)
    monkeypatch.setattr(policy, "suspicion", lambda _pauses: policy.PROBE)
    memory.subscribe(partitions=4)
    memory.verdict = refuse("thing-bad")
    poke("bad")
    relay()

    rests = "SELECT count(*), max(pauses) FROM public.operations_due WHERE tenant_id = %s AND not_before > now()"
    assert run(rests, acme.id) == [(1, 0)]
