"""The stand-in for Iggy's client takes what the official one takes, so that it cannot drift from it unseen."""

from __future__ import annotations

import inspect

import pytest
from apache_iggy import Consumer, IggyClient, PollingStrategy

from apps.events.transports import DELIVERED
from apps.events.transports.brokers import Parcel, Topology, iggy
from rustok.db.ids import new_id
from tests.support.iggy_peer import FakeIggyClient, IggyServer, SentMessage

CALLS = sorted(name for name in vars(FakeIggyClient) if not name.startswith("_"))


@pytest.mark.parametrize("name", CALLS)
def test_call_exists_with_these_arguments(name):
    real = inspect.signature(getattr(IggyClient, name)).parameters
    ours = inspect.signature(getattr(FakeIggyClient, name)).parameters

    assert set(ours) <= set(real)
    required = {one for one, facts in real.items() if facts.default is facts.empty}
    assert required <= set(ours)


def test_messages_and_strategies_are_the_real_ones():
    assert SentMessage(b"{}", {"id": "a"}, 7).data == b"{}"
    assert PollingStrategy.Offset(3).value == 3
    assert Consumer.Single("billing").id == "billing"


def test_message_that_the_real_client_refuses_is_refused():
    with pytest.raises((TypeError, ValueError, OverflowError)):
        SentMessage(b"{}", {"id": object()})


def test_headers_longer_than_iggy_takes_are_cut(monkeypatch):
    monkeypatch.setattr(iggy, "SendMessage", SentMessage)
    parcel = Parcel(str(new_id()), "k", 0, "a.b.v1", "acme", {"ce-subject": "ж" * 200, "none": ""}, b"{}")
    server = IggyServer()
    broker = iggy.Iggy(server.from_connection_string("iggy://x"), Topology("a"))
    broker.open(timeout=2.0)

    assert broker.send([parcel], timeout=2.0) == [DELIVERED]
    (message,) = broker.read(0, limit=5, timeout=2.0)
    assert (message.id, message.headers) == (parcel.id, {"ce-subject": "ж" * 127})
