"""Parts of the past once more: by position, time and type, with a preview."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.events.letters import Chosen
from apps.events.models import Event, Subscription
from apps.events.relay.reports import RelayReport
from apps.events.relay.rounds import number_waiting
from apps.events.services import redrive
from apps.webhooks import policy
from apps.webhooks.models import Replay
from apps.webhooks.replays import Selection
from apps.webhooks.retention import purge_deliveries
from apps.webhooks.services import cancel_replay, create_endpoint, delete_endpoint, preview_replay, start_replay
from rustok.errors.families import NotFound, PermissionDenied
from tests.support.events import end_waiting, poke, relay, run
from tests.support.receiver import OK, status


@pytest.fixture
def endpoint(acme, context, receiver):
    relay()
    made = create_endpoint(url=receiver.url, event_types=["testkit.*"], context=context).endpoint
    poke("a", "b", "c", "d")
    relay()
    receiver.got.clear()
    return made


@pytest.fixture
def first(endpoint):
    """The position before the first of the four events."""
    return Event.objects.filter(type__startswith="testkit").order_by("position").first().position - 1


@pytest.fixture
def replay(endpoint, context):
    return lambda **chosen: start_replay(endpoint_id=endpoint.pk, selection=Selection(**chosen), context=context)


def subjects(receiver):
    return [got.event["subject"][-1] for got in receiver.got]


def test_range_is_sent_again_and_nothing_else(replay, first, receiver):
    replay(after=first + 1, until=first + 3)
    relay()

    assert sorted(subjects(receiver)) == ["b", "c"]


def test_finished_replay_leaves_no_subscription(replay, first):
    begun = replay(after=first, until=first + 2)
    relay()

    assert Replay.objects.get(pk=begun.pk).finished_at is not None
    assert not Subscription.objects.filter(pk=begun.subscription_id).exists()


def test_what_is_new_does_not_wait_for_the_replay(replay, first, receiver):
    replay(after=first, until=first + 4)
    poke("z")
    relay()

    assert sorted(subjects(receiver)) == ["a", "b", "c", "d", "z"]


@pytest.mark.parametrize(("hours", "count"), [((None, None), 4), ((-1, None), 4), ((1, None), 0), ((None, -1), 0)])
def test_time_narrows(endpoint, context, first, hours, count):
    since, before = (None if hour is None else timezone.now() + timedelta(hours=hour) for hour in hours)
    chosen = Selection(after=first, since=since, before=before)

    assert preview_replay(endpoint_id=endpoint.pk, selection=chosen, context=context).events == count


@pytest.mark.parametrize(("types", "count"), [(("testkit.*",), 4), (("testkit.thing_poked",), 4), (("orders.*",), 0)])
def test_type_narrows(endpoint, context, first, types, count):
    chosen = Selection(after=first, event_types=types)

    assert preview_replay(endpoint_id=endpoint.pk, selection=chosen, context=context).events == count


def test_preview_sends_nothing(endpoint, context, first, receiver):
    preview_replay(endpoint_id=endpoint.pk, selection=Selection(after=first), context=context)
    relay()

    assert receiver.got == []
    assert not Replay.objects.exists()


def test_nothing_to_send_makes_no_replay(replay, first):
    assert replay(after=first + 4, until=first + 9) is None


def test_refused_event_keeps_the_replay_open(replay, first, receiver):
    receiver.answer = lambda got: status("500 Oops") if got.event["subject"] == "thing-b" else OK
    begun = replay(after=first, until=first + 4)
    relay()
    assert Replay.objects.get(pk=begun.pk).finished_at is None

    receiver.answer = lambda _got: OK
    end_waiting()
    relay()
    assert Replay.objects.get(pk=begun.pk).finished_at is not None
    assert subjects(receiver).count("b") == 2


@pytest.fixture
def with_a_letter(replay, first, receiver, monkeypatch):
    """A replay that has ended but for one event that was given up."""
    monkeypatch.setattr("apps.events.relay.policy.MAX_ATTEMPTS", 1)
    receiver.answer = lambda got: status("500 Oops") if got.event["subject"] == "thing-b" else OK
    begun = replay(after=first, until=first + 4)
    for _attempt in range(2):
        relay()
        end_waiting()
    receiver.answer = lambda _got: OK
    receiver.got.clear()
    return Replay.objects.get(pk=begun.pk, finished_at__isnull=False)


def due(replay):
    number_waiting(report=RelayReport())
    return run("SELECT count(*) FROM operations_due WHERE due_at IS NOT NULL AND subscription_id = %s", replay)[0][0]


def test_replay_that_ended_with_a_letter_hears_of_nothing_new(with_a_letter):
    poke("z")

    assert due(with_a_letter.subscription_id) == 0


def test_replay_goes_with_its_last_letter(with_a_letter, receiver):
    redrive(chosen=Chosen(every=True))
    relay()

    assert subjects(receiver) == ["b"]
    assert not Subscription.objects.filter(pk=with_a_letter.subscription_id).exists()


def test_old_replay_goes_with_its_letters(with_a_letter):
    Replay.objects.update(finished_at=timezone.now() - timedelta(days=policy.LOG_DAYS + 1))
    purge_deliveries()

    assert not Subscription.objects.filter(pk=with_a_letter.subscription_id).exists()


def test_subscription_without_its_replay_goes(replay, first):
    begun = replay(after=first, until=first + 4)
    Replay.objects.all().delete()
    relay()

    assert not Subscription.objects.filter(pk=begun.subscription_id).exists()


def test_cancelled_replay_sends_nothing_more(endpoint, replay, first, receiver, context):
    begun = replay(after=first, until=first + 4)
    cancel_replay(endpoint_id=endpoint.pk, replay_id=begun.pk, context=context)
    relay()

    assert receiver.got == []


def test_replays_go_with_their_endpoint(endpoint, replay, first, context):
    begun = replay(after=first, until=first + 4)
    delete_endpoint(endpoint_id=endpoint.pk, context=context)

    assert not Subscription.objects.filter(pk=begun.subscription_id).exists()


def test_unknown_replay_is_not_found(endpoint, context):
    with pytest.raises(NotFound):
        cancel_replay(endpoint_id=endpoint.pk, replay_id=endpoint.pk, context=context)


@pytest.mark.parametrize("deed", [preview_replay, start_replay])
def test_mallory_may_not_replay(endpoint, mallory_context, deed):
    with pytest.raises(PermissionDenied):
        deed(endpoint_id=endpoint.pk, selection=Selection(), context=mallory_context)
