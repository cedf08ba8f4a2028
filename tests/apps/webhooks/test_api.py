"""Webhooks over REST: endpoints, states, replay, test send, deliveries; mallory and the neighbour at each door."""

from __future__ import annotations

import pytest
from standardwebhooks import Webhook

from apps.tenants.isolation import tenant_scope
from apps.webhooks.services import create_endpoint
from rustok.context import current
from rustok.db.ids import new_id
from tests.support.events import poke, relay
from tests.support.receiver import status
from tests.support.rest import Integrator

URL = "https://example.com/hook"
ENDPOINTS = "webhooks/endpoints/"


@pytest.fixture
def shop(acme, context):
    relay()
    return Integrator(acme, context)


@pytest.fixture
def endpoint(shop):
    return shop.post(ENDPOINTS, {"url": URL, "event_types": ["testkit.*"]}).json()


@pytest.fixture
def local(shop, receiver):
    return shop.post(ENDPOINTS, {"url": receiver.url, "event_types": ["testkit.*"]}).json()


def test_created_endpoint_shows_its_secret_once(shop):
    answer = shop.post(ENDPOINTS, {"url": URL, "description": "ERP"})
    created = answer.json()

    assert answer.status_code == 201
    assert created["secret"].startswith("whsec_")
    assert "secret" not in shop.get(f"{ENDPOINTS}{created['id']}/").json()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 400),
        ({"url": "not a url"}, 400),
        ({"url": "http://example.com/"}, 403),
        ({"url": "https://127.0.0.1/"}, 403),
        ({"url": "https://2130706433/"}, 403),
        ({"url": URL, "secret": "short"}, 400),
        ({"url": URL, "event_types": ["NO"]}, 400),
        ({"url": URL, "surprise": 1}, 400),
    ],
)
def test_bad_endpoint_is_refused(shop, body, code):
    assert shop.post(ENDPOINTS, body).status_code == code


def test_change_needs_the_current_version(shop, endpoint):
    place = f"{ENDPOINTS}{endpoint['id']}/"

    assert shop.send("PATCH", place, {"description": "new"}, if_match='"1"').json()["version"] == 2
    assert shop.send("PATCH", place, {"description": "newer"}, if_match='"1"').status_code == 412


def test_pause_and_activate(shop, endpoint):
    place = f"{ENDPOINTS}{endpoint['id']}/"

    assert shop.post(f"{place}pause/").json()["status"] == "paused"
    assert shop.post(f"{place}pause/").status_code == 409
    assert shop.post(f"{place}activate/").json()["status"] == "active"


def test_lag_counts_what_waits(shop, local):
    poke("a", "b")
    assert shop.get(f"{ENDPOINTS}{local['id']}/").json()["lag"] == 2

    relay()
    assert shop.get(ENDPOINTS).json()["results"][0]["lag"] == 0


def test_deliveries_are_listed_and_filtered(shop, local):
    poke("a", "b")
    relay()

    listed = shop.get(f"webhooks/deliveries/?endpoint={local['id']}").json()["results"]
    one = shop.get("webhooks/deliveries/?stream=thing-a&succeeded=true").json()["results"]
    assert len(listed) == 2
    assert [(row["stream"], row["status_code"]) for row in one] == [("thing-a", 204)]
    assert shop.get("webhooks/deliveries/?succeeded=false").json()["results"] == []


def test_replay_sends_again(shop, local, receiver):
    poke("a")
    relay()

    assert shop.post(f"{ENDPOINTS}{local['id']}/replay/", {"after": 0}).status_code == 202
    relay()
    assert [got.event["subject"] for got in receiver.got] == ["thing-a", "thing-a"]


def test_narrowed_replay_is_previewed_begun_and_listed(shop, local, receiver):
    poke("a", "b")
    relay()
    place = f"{ENDPOINTS}{local['id']}/"
    body = {"after": 0, "event_types": ["testkit.*"]}

    assert shop.post(f"{place}replay/", body | {"dry_run": True}).json()["replay"] is None
    begun = shop.post(f"{place}replay/", body).json()
    assert [row["id"] for row in shop.get(f"{place}replays/").json()["results"]] == [begun["replay"]]
    assert begun["events"] == 2
    relay()
    assert len(receiver.got) == 4


def test_replay_is_cancelled(shop, local):
    poke("a")
    place = f"{ENDPOINTS}{local['id']}/"
    relay()
    begun = shop.post(f"{place}replay/", {"after": 0, "until": 9999}).json()["replay"]

    assert shop.send("DELETE", f"{place}replays/{begun}/").status_code == 204
    assert shop.send("DELETE", f"{place}replays/{new_id()}/").status_code == 404


def test_rotated_secret_is_shown_once(shop, endpoint):
    place = f"{ENDPOINTS}{endpoint['id']}/"
    rotated = shop.post(f"{place}rotate-secret/", {"overlap_hours": 1}).json()

    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != endpoint["secret"]
    assert shop.get(place).json()["previous_secret_until"] == rotated["previous_secret_until"]


@pytest.mark.parametrize(
    ("given", "seen"),
    [({}, ("stream", 0)), ({"order_key": "tenant", "timeout_seconds": 3}, ("tenant", 3))],
)
def test_order_and_time_limit_are_chosen(shop, given, seen):
    created = shop.post(ENDPOINTS, {"url": URL, **given}).json()

    assert (created["order_key"], created["timeout_seconds"]) == seen


def test_order_cannot_be_changed(shop, endpoint):
    assert shop.send("PATCH", f"{ENDPOINTS}{endpoint['id']}/", {"order_key": "none"}).status_code == 400


def test_delivery_shows_what_was_sent_and_answered(shop, local, receiver):
    receiver.answer = lambda _got: status("500 Oops", b"key whsec_" + b"QUFB" * 8)
    poke("a")
    relay()
    found = shop.get("webhooks/deliveries/").json()["results"][0]

    one = shop.get(f"webhooks/deliveries/{found['id']}/").json()
    assert one["request_excerpt"] == receiver.got[0].body.decode()[:500]
    assert "QUFB" not in one["response_excerpt"]
    assert shop.get(f"webhooks/deliveries/{new_id()}/").status_code == 404


def test_test_message_is_signed(shop, local, receiver):
    answer = shop.post(f"{ENDPOINTS}{local['id']}/test/").json()

    got = receiver.got[0]
    Webhook(local["secret"]).verify(got.body, got.headers)
    assert (answer["succeeded"], answer["status_code"], got.event["type"]) == (True, 204, "webhooks.test.v1")


def test_test_message_tells_what_went_wrong(shop, local, receiver):
    receiver.answer = lambda _got: status("500 Oops", b"no")

    answer = shop.post(f"{ENDPOINTS}{local['id']}/test/").json()
    assert (answer["succeeded"], answer["error"], answer["response_excerpt"]) == (False, "HTTP 500", "no")


def test_deleted_endpoint_is_gone(shop, endpoint):
    place = f"{ENDPOINTS}{endpoint['id']}/"

    assert shop.send("DELETE", place).status_code == 204
    assert shop.get(place).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "", {"url": URL}),
        ("GET", "{id}/", None),
        ("PATCH", "{id}/", {"description": "x"}),
        ("DELETE", "{id}/", None),
        ("POST", "{id}/pause/", None),
        ("POST", "{id}/activate/", None),
        ("POST", "{id}/replay/", {"after": 0}),
        ("GET", "{id}/replays/", None),
        ("DELETE", "{id}/replays/{id}/", None),
        ("POST", "{id}/rotate-secret/", {}),
        ("POST", "{id}/test/", None),
    ],
)
def test_every_door_asks_for_its_permission(acme, context, endpoint, method, path, body):
    mallory = Integrator(acme, context, ["order:read"])

    assert mallory.send(method, ENDPOINTS + path.format(id=endpoint["id"]), body).status_code == 403


def test_neighbours_endpoint_is_not_found(shop, globex):
    with tenant_scope(globex):
        theirs = create_endpoint(url=URL, context=current()).endpoint.pk

    assert shop.get(f"{ENDPOINTS}{theirs}/").status_code == 404
    assert shop.get(f"{ENDPOINTS}{new_id()}/").status_code == 404
    assert shop.get(ENDPOINTS).json()["results"] == []
