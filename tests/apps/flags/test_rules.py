"""The order in which rules decide, and what a percentage promises."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.flags.registry import Unit
from apps.flags.rules import Audience, Rules, Subject, compile_level, slice_of
from apps.flags.targeting import People, Targeting
from rustok.db.ids import IdSet

ACME, GLOBEX = UUID(int=1), UUID(int=2)
ANN = str(UUID(int=10))
ORDINALS = {ANN: 7, str(ACME): 8}
AUDIENCES = {"testers": Audience(IdSet([7]), "actor"), "pilots": Audience(IdSet([8]), "tenant")}
ASKER = Subject(ANN, ACME, frozenset({"manager"}), ORDINALS.get)


def level(targeting, name="platform", unit=Unit.ACTOR):
    return compile_level("flag", name, targeting, unit=unit, audiences=AUDIENCES)


NOTHING = Targeting()


def rules(platform=NOTHING, shop=None, *, killed=False, unit=Unit.ACTOR):
    shops = {} if shop is None else {ACME: level(shop, "shop")}
    return Rules("flag", killed, shops, level(platform, unit=unit))


ON, OFF = Targeting(enabled=True), Targeting(enabled=False)


@pytest.mark.parametrize(
    ("flag", "value", "rule"),
    [
        pytest.param(rules(), False, "default", id="nobody-says-anything"),
        pytest.param(rules(ON), True, "platform: on for everybody", id="on"),
        pytest.param(rules(ON, killed=True), False, "kill switch", id="killed"),
        pytest.param(rules(ON, OFF), False, "shop: off for everybody", id="the-shop-before-the-operators"),
        pytest.param(rules(Targeting(on=People(users=(ANN,)))), True, "platform: user on", id="user"),
        pytest.param(
            rules(Targeting(on=People(users=(ANN,)), off=People(users=(ANN,)))),
            False,
            "platform: user off",
            id="off",
        ),
        pytest.param(
            rules(Targeting(enabled=False, on=People(groups=("manager",)))), True, "platform: group on", id="group"
        ),
        pytest.param(
            rules(Targeting(off=People(groups=("manager",)), on=People(audiences=("testers",)))),
            True,
            "platform: audience testers on",
            id="audience-before-group",
        ),
        pytest.param(rules(Targeting(on=People(audiences=("pilots",)))), True, "platform: audience pilots on"),
        pytest.param(rules(Targeting(on=People(audiences=("gone",)))), False, "default", id="unknown-audience"),
        pytest.param(
            rules(Targeting(off=People(tenants=(str(ACME),)), enabled=True)), False, "platform: tenant off", id="tenant"
        ),
        pytest.param(rules(Targeting(percent=100)), True, "platform: 100 % of actors", id="all"),
        pytest.param(rules(Targeting(percent=0)), False, "platform: 0 % of actors", id="none"),
    ],
)
def test_the_most_particular_rule_decides(flag, value, rule):
    found = flag.decide(ASKER)

    assert (found.value, found.rule) == (value, rule)


def test_a_shops_targeting_is_unknown_next_door():
    flag = rules(OFF, ON)

    assert flag.decide(ASKER).value
    assert not flag.decide(ASKER._replace(tenant=GLOBEX)).value
    assert not flag.decide(ASKER._replace(tenant=None)).value


def test_conflicts_are_shown():
    found = rules(Targeting(enabled=True, off=People(users=(ANN,))), killed=True).matches(ASKER)

    assert [outcome.rule for outcome in found] == ["kill switch", "platform: user off", "platform: on for everybody"]


def test_nobody_in_particular_is_in_no_percentage():
    assert not rules(Targeting(percent=100)).decide(ASKER._replace(actor="")).value


@given(unit=st.uuids(), low=st.floats(0, 100), high=st.floats(0, 100))
def test_whoever_has_the_feature_keeps_it_while_the_percentage_grows(unit, low, high):
    low, high = sorted((low, high))
    asker = replace_actor(str(unit))

    has_it = rules(Targeting(percent=low)).decide(asker).value

    assert not has_it or rules(Targeting(percent=high)).decide(asker).value


def replace_actor(actor):
    return ASKER._replace(actor=actor)


@pytest.mark.parametrize("percent", [5, 30, 80])
def test_a_percentage_is_about_that_share_of_the_units(percent):
    flag = rules(Targeting(percent=percent))

    chosen = sum(flag.decide(replace_actor(f"user-{n}")).value for n in range(4000))

    assert abs(chosen / 40 - percent) < 3


def test_a_percentage_of_shops_treats_everybody_in_a_shop_alike():
    flag = rules(Targeting(percent=50), unit=Unit.TENANT)

    assert len({flag.decide(replace_actor(f"user-{n}")).value for n in range(50)}) == 1


def test_the_slice_of_a_unit_never_changes():
    assert [slice_of("new-checkout-flow", f"user-{n}") for n in range(4)] == [665, 320, 562, 862]
    assert slice_of("another", "user-0") == 743
