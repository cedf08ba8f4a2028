"""Webhook endpoints in the console."""

import pytest

from apps.webhooks.models import Delivery, Replay, WebhookEndpoint
from apps.webhooks.services import create_endpoint
from rustok.context import current
from tests.support.commerce import make_product
from tests.support.console import Visitor, notices, offered
from tests.support.events import relay
from tests.support.receiver import status

ENDPOINT = "webhooks_webhookendpoint"


@pytest.fixture
def owner(acme):
    return Visitor("owner", acme)


@pytest.fixture
def endpoint(acme):
    return create_endpoint(url="https://93.184.215.14/hook", context=current()).endpoint


def test_the_signing_secret_is_shown_once(owner):
    data = {"url": "https://93.184.215.14/hook", "description": "shop", "order_key": "tenant", "timeout_seconds": "3"}

    answer = owner.do(ENDPOINT, "create", **data)

    assert answer.context["done"].secrets[0].value.startswith("whsec_")
    made = WebhookEndpoint.objects.get()
    assert (made.description, made.order_key, made.timeout_seconds) == ("shop", "tenant", 3)


def test_an_address_inside_is_refused_in_the_form(owner):
    data = {"url": "http://127.0.0.1:9/hook", "order_key": "stream", "timeout_seconds": "0"}

    assert owner.do(ENDPOINT, "create", **data).context["form"].errors


def test_an_endpoint_is_paused_and_resumed(owner, endpoint):
    paused = owner.do(ENDPOINT, "pause", endpoint, reason="maintenance")
    assert "resume" in offered(paused)
    assert "pause" not in offered(paused)

    assert "pause" in offered(owner.do(ENDPOINT, "resume", endpoint))


def test_a_replay_says_how_much_is_sent_again(owner, endpoint):
    assert "sent again" in notices(owner.do(ENDPOINT, "replay", endpoint, after="0"))


def test_a_replay_is_previewed_first(owner, endpoint):
    answer = owner.do(ENDPOINT, "replay", endpoint, after="0", until="99", dry_run="on")

    assert "would be sent" in answer.context["form"].preview
    assert not Replay.objects.exists()


def test_a_narrowed_replay_is_listed(owner, receiver):
    made = create_endpoint(url=receiver.url, context=current()).endpoint
    make_product()
    relay()
    answer = owner.do(ENDPOINT, "replay", made, after="0", until="99999")

    assert [row.finished_at for row in answer.context["replays"]] == [None]


def test_the_new_secret_is_shown_once(owner, endpoint):
    answer = owner.do(ENDPOINT, "rotate", endpoint, overlap_hours="2")

    assert answer.context["done"].secrets[0].value.startswith("whsec_")
    assert "whsec_" not in owner.page(ENDPOINT, endpoint).content.decode()


def test_a_test_message_is_sent(owner, receiver):
    made = create_endpoint(url=receiver.url, context=current()).endpoint

    assert "204" in notices(owner.do(ENDPOINT, "test", made))
    receiver.answer = lambda _got: status("500 Oops")
    assert "HTTP 500" in notices(owner.do(ENDPOINT, "test", made))


def test_a_delivery_shows_what_was_sent(owner, receiver):
    create_endpoint(url=receiver.url, context=current())
    make_product()
    relay()
    page = owner.page("webhooks_delivery", Delivery.objects.first()).content.decode()

    assert "specversion" in page


def test_a_deleted_endpoint_is_gone(owner, endpoint):
    owner.do(ENDPOINT, "delete", endpoint)

    assert not WebhookEndpoint.objects.exists()
