"""Webhook endpoints in the console."""

import pytest

from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.services import create_endpoint
from rustok.context import current
from tests.support.console import Visitor, notices, offered

ENDPOINT = "webhooks_webhookendpoint"


@pytest.fixture
def owner(acme):
    return Visitor("owner", acme)


@pytest.fixture
def endpoint(acme):
    return create_endpoint(url="https://93.184.215.14/hook", context=current()).endpoint


def test_the_signing_secret_is_shown_once(owner):
    data = {"url": "https://93.184.215.14/hook", "description": "shop", "event_types": []}

    answer = owner.do(ENDPOINT, "create", **data)

    assert answer.context["done"].secrets[0].value.startswith("whsec_")
    assert WebhookEndpoint.objects.get().description == "shop"


def test_an_address_inside_is_refused_in_the_form(owner):
    data = {"url": "http://127.0.0.1:9/hook", "description": "", "event_types": []}

    assert owner.do(ENDPOINT, "create", **data).context["form"].errors


def test_an_endpoint_is_paused_and_resumed(owner, endpoint):
    paused = owner.do(ENDPOINT, "pause", endpoint, reason="maintenance")
    assert "resume" in offered(paused)
    assert "pause" not in offered(paused)

    assert "pause" in offered(owner.do(ENDPOINT, "resume", endpoint))


def test_a_replay_says_how_much_is_sent_again(owner, endpoint):
    assert "sent again" in notices(owner.do(ENDPOINT, "replay", endpoint, after="0"))


def test_a_deleted_endpoint_is_gone(owner, endpoint):
    owner.do(ENDPOINT, "delete", endpoint)

    assert not WebhookEndpoint.objects.exists()
