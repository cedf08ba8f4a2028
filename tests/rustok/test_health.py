"""The registry of health checks."""

import orjson
import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from rustok.health import Check, CheckFailed, Observation, Reason, as_reason, checks, register
from rustok.operations import Criticality


def fine():
    return Observation()


def test_only_critical_checks_decide_about_readiness():
    assert Check(name="x", run=fine, criticality=Criticality.CRITICAL).is_critical
    assert not Check(name="x", run=fine, criticality=Criticality.HIGH).is_critical


def test_a_name_belongs_to_one_check(monkeypatch):
    monkeypatch.setattr("rustok.health._checks", {})
    first = register(Check(name="x", run=fine))

    assert register(Check(name="x", run=fine)) == first
    with pytest.raises(ValueError, match="twice"):
        register(Check(name="x", run=fine, interval=1))
    assert checks() == (first,)


def test_a_reason_survives_storage_and_is_told_in_the_readers_language():
    given = CheckFailed(_("only {share} of the disk is free"), share="2.0%").reason
    stored = orjson.loads(orjson.dumps(given.packed))

    with translation.override("ru"):
        assert str(Reason.unpacked(stored)) == str(given)
        assert str(given) != str(stored["text"]).format(share="2.0%")
    assert Reason.unpacked(stored) == "only 2.0% of the disk is free"


@pytest.mark.parametrize(
    ("stored", "told"),
    [({}, ""), ({"text": "{gone} left"}, "{gone} left"), ({"text": "{gone} left", "facts": {"x": 1}}, "{gone} left"),
     ({"text": "{0!x}", "facts": {"x": 1}}, "{0!x}")],
    ids=["empty", "no facts", "other facts", "not ours"],
)  # fmt: skip
def test_a_stored_reason_of_another_release_breaks_no_page(stored, told):
    assert (str(Reason.unpacked(stored)), bool(Reason.unpacked(stored))) == (told, bool(told))


def test_a_plain_text_is_a_reason():
    assert as_reason("gone") == "gone"
    assert hash(as_reason("gone")) == hash("gone")
