"""Signatures as the reference library of Standard Webhooks reads them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from apps.webhooks.errors import UnusableSecret
from apps.webhooks.sealing import seal, unseal
from apps.webhooks.signing import new_secret, secret_bytes, sign
from rustok.db.ids import new_id
from rustok.sealing import Unsealable


def headers(signature: str, timestamp: int) -> dict[str, str]:
    return {"webhook-id": "msg_1", "webhook-timestamp": str(timestamp), "webhook-signature": signature}


def test_reference_library_accepts_our_signature():
    secret, now = new_secret(), int(time.time())
    body = '{"имя":"чай"}'.encode()

    signature = sign(secret_bytes(secret), message_id="msg_1", timestamp=now, body=body)

    Webhook(secret).verify(body, headers(signature, now))


def test_we_sign_as_the_reference_library_does():
    secret, now = new_secret(), int(time.time())
    theirs = Webhook(secret)

    assert sign(secret_bytes(secret), message_id="m", timestamp=now, body=b"{}") == theirs.sign("m", _moment(now), "{}")


def _moment(timestamp: int):
    return datetime.fromtimestamp(timestamp, UTC)


def test_changed_body_is_refused():
    secret, now = new_secret(), int(time.time())
    signature = sign(secret_bytes(secret), message_id="msg_1", timestamp=now, body=b"{}")

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b"{ }", headers(signature, now))


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", "plain", "whsec_" + "A" * 200, "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"],
)
def test_unusable_secret_is_refused(secret):
    with pytest.raises(UnusableSecret):
        secret_bytes(secret)


@given(st.binary(min_size=24, max_size=64))
def test_sealed_secret_comes_back(secret):
    row = new_id()

    assert unseal(seal(secret, row=row), row=row) == secret


def test_sealed_secret_is_bound_to_its_row():
    sealed = seal(b"x" * 32, row=new_id())

    assert b"x" * 32 not in sealed
    with pytest.raises(Unsealable):
        unseal(sealed, row=new_id())
