"""Changes: who may, what is stored, what everybody sees afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from apps.flags.errors import FlagNotDelegated, FlagNotFound, UnknownAudience
from apps.flags.evaluation import explain, is_enabled
from apps.flags.models import Audience, Flag
from apps.flags.queries import get_flag, shop_flags
from apps.flags.services import (
    AudienceChange,
    ChangeFlag,
    change_audience,
    change_flag,
    forget_shop,
    sync_declared,
    target_in_shop,
)
from apps.flags.targeting import People, Targeting
from apps.security.models import AuditEntry
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import Actor, ExecutionContext, current
from rustok.errors.families import InvalidInput, NotFound, PermissionDenied, VersionConflict

KEY = "beta-feature"
pytestmark = pytest.mark.usefixtures("beta")


def set_flag(context, key=KEY, **given):
    return change_flag(key=key, input=ChangeFlag(**given), context=context)


def asked(tenant, *, user="", groups=()):
    """What a new request of somebody in a shop gets."""
    actor = Actor("user", user or str(uuid4()), "somebody")
    with tenant_scope(tenant):
        return is_enabled(KEY, context=replace(current(), actor=actor, groups=frozenset(groups), memo={}))


class TestOperators:
    def test_a_declared_flag_is_off_until_somebody_turns_it_on(self, platform, acme):
        assert not asked(acme)

        with platform_scope("an operator"):
            set_flag(platform, targeting=Targeting(enabled=True))

        assert asked(acme)

    def test_by_tenant(self, platform, acme, globex):
        with platform_scope("an operator"):
            set_flag(platform, targeting=Targeting(on=People(tenants=(str(acme.id),))))

        assert (asked(acme), asked(globex)) == (True, False)

    def test_the_kill_switch_beats_everything(self, platform, acme, context):
        with platform_scope("an operator"):
            set_flag(platform, targeting=Targeting(enabled=True))
        target_in_shop(key=KEY, targeting=Targeting(enabled=True), context=context)
        with platform_scope("an operator"):
            set_flag(platform, killed=True)
        assert not asked(acme)

        with platform_scope("an operator"):
            set_flag(platform, killed=False)
        assert asked(acme)

    def test_a_new_flag_needs_an_owner_and_a_date(self, platform):
        with pytest.raises(InvalidInput):
            set_flag(platform, "brand-new", owner="me")
        made = set_flag(platform, "brand-new", owner="me", expires=date(2030, 1, 1))

        assert (made.version, get_flag("brand-new").in_code) == (1, False)

    @pytest.mark.parametrize("key", ["Upper", "a--b", "-a", "", "x" * 101])
    def test_bad_keys_are_refused(self, platform, key):
        with pytest.raises(InvalidInput):
            set_flag(platform, key, owner="me", expires=date(2030, 1, 1))

    @pytest.mark.parametrize(
        "targeting",
        [
            pytest.param(Targeting(percent=101), id="percent"),
            pytest.param(Targeting(percent=10, enabled=True), id="contradiction"),
            pytest.param(Targeting(on=People(users=("ann",))), id="user-id"),
            pytest.param(Targeting(off=People(groups=tuple(map(str, range(201))))), id="too-many"),
            pytest.param(Targeting(on=People(audiences=("Bad Key",))), id="audience-key"),
        ],
    )
    def test_bad_targetings_are_refused(self, platform, targeting):
        with pytest.raises(InvalidInput):
            set_flag(platform, targeting=targeting)

        assert not Flag.objects.exists()

    def test_a_stale_version_is_refused(self, platform):
        set_flag(platform, targeting=Targeting(enabled=True))

        with pytest.raises(VersionConflict):
            change_flag(key=KEY, input=ChangeFlag(killed=True), context=platform, expected_version=7)

    def test_every_change_is_in_the_audit_log_with_its_difference(self, platform):
        set_flag(platform, targeting=Targeting(enabled=True))
        change_flag(key=KEY, input=ChangeFlag(killed=True), context=platform, reason="it burns")

        entry = AuditEntry.objects.filter(action="flag:update").latest("id")
        assert (entry.target, entry.reason) == (KEY, "it burns")
        assert entry.details["everyone"] == {"from": None, "to": False}


class TestShops:
    def test_a_shop_decides_for_itself_only(self, acme, globex, context):
        target_in_shop(key=KEY, targeting=Targeting(enabled=True), context=context)

        assert (asked(acme), asked(globex)) == (True, False)
        assert [view.version for view in shop_flags(acme.id) if view.key == KEY] == [1]

    def test_users_and_groups(self, acme, context):
        ann = str(uuid4())
        people = People(users=(ann,), groups=("manager",))
        target_in_shop(key=KEY, targeting=Targeting(on=people), context=context)

        assert [asked(acme, user=ann), asked(acme, groups=["manager"]), asked(acme)] == [True, True, False]

    def test_taking_it_back_lets_the_operators_level_hold(self, acme, context):
        target_in_shop(key=KEY, targeting=Targeting(enabled=True), context=context)

        assert target_in_shop(key=KEY, targeting=None, context=context) == 0
        assert not asked(acme)

    def test_the_deed_is_in_the_shops_own_audit_log(self, acme, context):
        target_in_shop(key=KEY, targeting=Targeting(percent=5), context=context)

        assert AuditEntry.objects.get(action="flag:target").details["to"]["percent"] == 5

    def test_what_operators_keep_to_themselves_is_refused(self, acme, context):
        with platform_scope("an operator") as operator:
            change_flag(key=KEY, input=ChangeFlag(delegated=False), context=operator)

        with pytest.raises(FlagNotDelegated):
            target_in_shop(key=KEY, targeting=Targeting(enabled=True), context=context)

    @pytest.mark.parametrize(
        ("key", "targeting", "error"),
        [
            pytest.param("nothing-here", Targeting(), FlagNotFound, id="unknown"),
            pytest.param(KEY, Targeting(on=People(audiences=("none",))), UnknownAudience, id="audience"),
            pytest.param(KEY, Targeting(on=People(tenants=(str(uuid4()),))), InvalidInput, id="other-shops"),
        ],
    )
    def test_refusals(self, acme, context, key, targeting, error):
        with pytest.raises(error):
            target_in_shop(key=key, targeting=targeting, context=context)

    def test_mallory_may_not(self, acme, mallory_context):
        for attempt in (
            lambda: target_in_shop(key=KEY, targeting=None, context=mallory_context),
            lambda: change_flag(key=KEY, input=ChangeFlag(killed=True), context=mallory_context),
            lambda: change_audience(key="a", input=AudienceChange(), context=mallory_context),
        ):
            with pytest.raises(PermissionDenied):
                attempt()

    def test_a_deleted_shop_leaves_nothing(self, acme, context):
        target_in_shop(key=KEY, targeting=Targeting(enabled=True), context=context)

        forget_shop(tenant_id=acme.id, context=context)

        assert not asked(acme)


class TestAudiences:
    def test_members_have_the_flag(self, acme, context):
        ann, bob = uuid4(), uuid4()
        change_audience(key="testers", input=AudienceChange(add=[ann, bob, ann]), context=context)
        target_in_shop(key=KEY, targeting=Targeting(on=People(audiences=("testers",))), context=context)

        assert [asked(acme, user=str(one)) for one in (ann, bob, uuid4())] == [True, True, False]

    def test_who_leaves_loses_it(self, acme, context):
        ann = uuid4()
        change_audience(key="testers", input=AudienceChange(add=[ann]), context=context)
        target_in_shop(key=KEY, targeting=Targeting(on=People(audiences=("testers",))), context=context)

        left = change_audience(key="testers", input=AudienceChange(remove=[ann]), context=context)

        assert (left.count, asked(acme, user=str(ann))) == (0, False)

    def test_shops_can_be_members(self, platform, acme, globex):
        with platform_scope("an operator"):
            change_audience(key="pilots", input=AudienceChange(add=[acme.id], of="tenant"), context=platform)
            set_flag(platform, targeting=Targeting(on=People(audiences=("pilots",))))

        assert (asked(acme), asked(globex)) == (True, False)

    def test_ids_that_come_again_burn_no_numbers(self, context):
        known = [uuid4() for _ in range(20)]
        for _ in range(3):
            change_audience(key="testers", input=AudienceChange(add=known), context=context)
        audience = change_audience(key="testers", input=AudienceChange(add=[*known, uuid4()]), context=context)

        numbers = sorted(audience.ids)
        assert numbers[-1] - numbers[0] == 20

    def test_one_shops_audience_is_not_the_neighbours(self, acme, globex, context):
        change_audience(key="testers", input=AudienceChange(add=[uuid4()]), context=context)

        with tenant_scope(globex) as next_door, pytest.raises(NotFound):
            change_audience(key="testers", input=AudienceChange(delete=True), context=next_door)

    def test_a_deleted_one_counts_as_empty(self, acme, context):
        ann = uuid4()
        change_audience(key="testers", input=AudienceChange(add=[ann]), context=context)
        target_in_shop(key=KEY, targeting=Targeting(on=People(audiences=("testers",))), context=context)

        change_audience(key="testers", input=AudienceChange(delete=True), context=context)

        assert not asked(acme, user=str(ann))
        with platform_scope("look"):
            assert not Audience.objects.exists()


def test_one_request_sees_one_value(acme, context):
    request = replace(context, memo={})
    assert not is_enabled(KEY, context=request)

    target_in_shop(key=KEY, targeting=Targeting(enabled=True), context=context)

    assert not is_enabled(KEY, context=request)
    assert is_enabled(KEY, context=replace(request, memo={}))


def test_outside_every_door_nothing_is_pinned(acme, context):
    outside = ExecutionContext(tenant=acme, memo=current_memo())
    assert not is_enabled(KEY, context=outside)

    target_in_shop(key=KEY, targeting=Targeting(enabled=True), context=context)

    assert is_enabled(KEY, context=outside)


def current_memo():
    from rustok.context import NO_MEMO

    return NO_MEMO


def test_an_explanation_names_rule_conflicts_and_freshness(acme, context):
    target_in_shop(key=KEY, targeting=Targeting(enabled=False), context=context)
    with platform_scope("an operator") as operator:
        change_flag(key=KEY, input=ChangeFlag(targeting=Targeting(enabled=True)), context=operator)

    found = explain(KEY, context=replace(context, memo={}))

    assert (found.value, found.rule, found.conflicts) == (
        False,
        "shop: off for everybody",
        ("platform: on for everybody",),
    )
    assert (found.origin, found.stale) == ("database", False)


def test_declared_flags_get_their_rows_once(platform):
    assert sync_declared(context=platform) >= 2
    assert sync_declared(context=platform) == 0
    Flag.objects.filter(name=KEY).update(owner="somebody else")

    assert sync_declared(context=platform) == 1
    assert get_flag(KEY).owner == "tests"
