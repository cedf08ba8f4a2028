"""After a change of the platform's secret key nothing that was sealed is lost, wherever it stands."""

from __future__ import annotations

import json
import re
import time

import pytest
from django.core.management import CommandError, call_command

from apps.security.chain import personal
from apps.security.identity import totp
from apps.security.identity.factors import Draft, add_app
from apps.security.models import AuditEntry, Factor, SubjectKey
from apps.security.services import create_user
from apps.security.zero_trust.keyring import find_key
from apps.security.zero_trust.services import CreateSigningKey, create_signing_key
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.secrets import signing_keys
from apps.webhooks.services import create_endpoint, rotate_secret
from rustok import sealing
from rustok.config import config
from rustok.context import current
from rustok.db.ids import new_id
from rustok.db.resealing import sealed_columns, standing
from tests.support.sources import ROOT

COLUMNS = {column.name: column for column in sealed_columns()}


@pytest.fixture
def other_key(monkeypatch):
    """The platform gets another secret key, with or without the old one beside it."""
    former = config().secret_key.get_secret_value()

    def change(*, keep):
        monkeypatch.setenv("RUSTOK_SECRET_KEY", "another secret key of this platform, long enough")
        monkeypatch.setenv("RUSTOK_SECRET_KEY_FALLBACKS", former if keep else "")
        config.cache_clear()
        sealing._ciphers.cache_clear()

    yield change
    monkeypatch.undo()
    config.cache_clear()
    sealing._ciphers.cache_clear()


@pytest.fixture
def shop(acme, context):
    """One of everything that is sealed."""

    class Shop:
        draft = Draft.new()
        user = create_user(username="bob", password=None, role="viewer", context=context)
        code = totp.code_at(draft.secret, totp.step_at(time.time()))
        codes = add_app(user=user, draft=draft, name="", code=code)[1]
        key, _secret = create_signing_key(input=CreateSigningKey(name="r", permissions=["order:read"]), context=context)
        endpoint = create_endpoint(url="https://example.com/hook", context=context).endpoint
        entry = {"id": new_id(), "details": {"personal": {"subject": "customer:1", "open": {"name": "Ann"}}}}

    rotate_secret(endpoint_id=Shop.endpoint.pk, context=context)
    personal.conceal([Shop.entry])
    return Shop


def facts(capsys, verb):
    try:
        call_command("secrets", verb, "--tenant", "acme", "--json")
    finally:
        told = json.loads(capsys.readouterr().out)
    return {fact["column"]: (fact["values"], fact["former"], fact["renewed"], fact["lost"]) for fact in told}


def test_everything_is_sealed_afresh_and_opens_without_the_old_key(shop, other_key, capsys):
    assert facts(capsys, "status") == dict.fromkeys(COLUMNS, (1, 0, 0, 0))
    other_key(keep=True)
    with pytest.raises(CommandError, match="5 values are sealed under a former key"):
        call_command("secrets", "status", "--tenant", "acme")
    capsys.readouterr()

    assert facts(capsys, "renew") == dict.fromkeys(COLUMNS, (1, 1, 1, 0))
    other_key(keep=False)
    assert facts(capsys, "status") == dict.fromkeys(COLUMNS, (1, 0, 0, 0))
    assert find_key(shop.key.key_id, anywhere=False) is not None
    assert len(signing_keys(WebhookEndpoint.objects.get())) == 2
    assert Draft(shop.draft.id, bytes(Factor.objects.get().material)).secret
    assert personal.reveal([(shop.entry["id"], shop.entry["details"])], permitted=True)[0]["personal"]["values"] == {
        "name": "Ann"
    }
    assert AuditEntry.objects.get(action="secret:renew").details == {"values": 5}


def test_emptying_the_fallbacks_too_early_loses_them_and_says_so(shop, other_key):
    """The negative control: this is what the command is for."""
    assert find_key(shop.key.key_id, anywhere=False) is not None
    other_key(keep=False)

    with pytest.raises(CommandError, match="5 values open with no configured key"):
        call_command("secrets", "renew", "--tenant", "acme")
    assert find_key(shop.key.key_id, anywhere=False) is None


def test_a_person_who_is_shredded_meanwhile_stays_shredded(shop, other_key, monkeypatch):
    other_key(keep=True)
    fresh = sealing.seal

    def shred_first(*given, **named):
        SubjectKey.objects.update(key=None)
        return fresh(*given, **named)

    monkeypatch.setattr("rustok.db.resealing.seal", shred_first)

    assert standing(COLUMNS["security.SubjectKey.key"], renew=True).renewed == 0
    assert SubjectKey.objects.get().key is None


def test_the_platforms_own_keys_are_walked_too(platform, capsys):
    create_signing_key(input=CreateSigningKey(name="robot", permissions=["*:*"]), context=current())
    call_command("secrets", "status", "--platform", "--json")

    assert [fact["column"] for fact in json.loads(capsys.readouterr().out)] == ["security.SigningKey.material"]


def test_whoever_seals_names_the_column():
    """A purpose that is not walked would be lost with the old key."""
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "apps").rglob("*.py")]
    sealing_files = [text for text in texts if re.search(r"\bsealing\b.*\bseal\b|\bunseal\b", text)]
    purposes = {found for text in sealing_files for found in re.findall(r'PURPOSE: Final = "(.+?)"', text)}

    assert purposes == {column.purpose for column in sealed_columns()}
