"""The language of grants: what a set of them says about a permission, and what may be handed on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.context import ExecutionContext
from rustok.grants import Grant, Scope, holds, is_grant, lacking, normal, scope_of, verdict

READINGS = [
    ("order:read", "order:read"), ("order:manage", "order:*"), ("order:read:all", "order:read"), ("*:manage", "*:*"),
    ("order:read:own", "order:read:own"), ("*:*:own", "*:*:own"), ("order:*:none", "order:*:none"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "normal_form"), READINGS)
def test_a_grant_has_one_normal_form(text, normal_form):
    assert str(Grant.parse(text)) == normal_form


NO_GRANTS = ["", "order", "order:", "*:read", "Order:read", "order:read:mine", "order:read:own:x", "order:read\n"]


@pytest.mark.parametrize("text", NO_GRANTS)
def test_what_is_no_grant_is_refused_and_gives_nothing(text):
    assert not is_grant(text)
    assert scope_of(frozenset({text}), "order:read") is Scope.NONE
    with pytest.raises(ValueError, match=r"no grant|no resource"):
        Grant.parse(text)


SAYS = [
    (["order:read"], "order:read", Scope.ALL), (["order:read"], "order:ship", Scope.NONE),
    (["order:*"], "order:ship", Scope.ALL), (["order:manage"], "order:ship", Scope.ALL), (["*:*"], "x:y", Scope.ALL),
    (["order:read:own"], "order:read", Scope.OWN), (["order:read:own", "order:*"], "order:read", Scope.ALL),
    (["order:read"], "order:list", Scope.ALL), (["order:list"], "order:read", Scope.NONE),
    (["order:*", "order:read:none"], "order:read", Scope.NONE), (["*:*", "order:*:none"], "order:read", Scope.NONE),
    (["order:*", "order:read:none"], "order:ship", Scope.ALL), (["order:*", "order:read:none"], "order:*", Scope.NONE),
    (["*:*:own"], "order:read", Scope.OWN), ([], "order:read", Scope.NONE), (["*:*"], "junk", Scope.NONE),
]  # fmt: skip


@pytest.mark.parametrize(("held", "asked", "scope"), SAYS, ids=str)
def test_what_grants_say(held, asked, scope):
    assert scope_of(frozenset(held), asked) is scope
    assert ExecutionContext(permissions=frozenset(held)).allows(asked) is (scope is Scope.ALL)


def test_the_deciding_grant_is_named():
    assert verdict(frozenset({"order:*", "order:read"}), "order:ship").grant == "order:*"
    assert verdict(frozenset({"*:*", "order:ship:none"}), "order:ship").grant == "order:ship:none"


def test_normal_forms_are_sorted_and_each_is_there_once():
    assert normal(["order:manage", "order:*", "cart:read:all"]) == ["cart:read", "order:*"]


texts = st.builds(
    "{}:{}{}".format,
    st.sampled_from(["order", "cart"]),
    st.sampled_from(["read", "list", "ship", "*", "manage"]),
    st.sampled_from(["", ":all", ":own", ":none"]),
)
sets = st.frozensets(st.one_of(texts, st.just("*:*")), max_size=5)
ASKED = [f"{resource}:{action}" for resource in ("order", "cart", "other") for action in ("read", "list", "ship")]


@given(held=sets, wanted=sets)
def test_what_may_be_handed_on_never_reaches_further_than_the_giver(held, wanted):
    if not lacking(held, wanted):
        assert all(scope_of(wanted, asked) <= scope_of(held, asked) for asked in ASKED)


@given(held=sets)
def test_everybody_may_hand_on_what_they_hold(held):
    assert not lacking(held, held)


@given(held=sets, asked=st.sampled_from(ASKED))
def test_a_wildcard_holds_what_its_parts_hold(held, asked):
    if holds(held, f"{asked.partition(':')[0]}:*"):
        assert holds(held, asked)


@given(held=sets, more=texts, asked=st.sampled_from(ASKED))
def test_withholding_only_takes_away_and_anything_else_only_adds(held, more, asked):
    before, after = scope_of(held, asked), scope_of(held | {more}, asked)

    assert after <= before if more.endswith(":none") else after >= before
