"""Secrets at rest survive a change of the platform's secret key, for as long as the old one is named."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from pydantic import SecretStr

from rustok import sealing
from rustok.config import config
from rustok.sealing import Unsealable, is_current, seal, unseal

ROW = UUID(int=7)
OLD, NEW = SecretStr("o" * 40), SecretStr("n" * 40)


@pytest.fixture
def keys(monkeypatch) -> Iterator:
    def use(*masters):
        changed = config().model_copy(update={"secret_key": masters[0], "secret_key_fallbacks": masters[1:]})
        monkeypatch.setattr(sealing, "config", lambda: changed)
        sealing._ciphers.cache_clear()

    yield use
    sealing._ciphers.cache_clear()


def test_a_value_opens_again(keys):
    keys(NEW)
    sealed = seal(b"secret", purpose="test", row=ROW)

    assert (unseal(sealed, purpose="test", row=ROW), is_current(sealed, purpose="test")) == (b"secret", True)
    assert b"secret" not in sealed
    assert seal(b"secret", purpose="test", row=ROW) != sealed


def test_an_old_key_opens_what_it_sealed_until_it_is_dropped(keys):
    keys(OLD)
    sealed = seal(b"secret", purpose="test", row=ROW)
    keys(NEW, OLD)

    assert (unseal(sealed, purpose="test", row=ROW), is_current(sealed, purpose="test")) == (b"secret", False)
    keys(NEW)
    with pytest.raises(Unsealable, match="not configured"):
        unseal(sealed, purpose="test", row=ROW)


@pytest.mark.parametrize("spoilt", [b"", b"abcd", b"x" * 40], ids=["empty", "short", "foreign"])
def test_what_was_never_sealed_does_not_open(keys, spoilt):
    keys(NEW)

    with pytest.raises(Unsealable):
        unseal(spoilt, purpose="test", row=ROW)


def test_a_changed_value_does_not_open(keys):
    keys(NEW)
    sealed = seal(b"secret", purpose="test", row=ROW)

    with pytest.raises(Unsealable, match="changed"):
        unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), purpose="test", row=ROW)
