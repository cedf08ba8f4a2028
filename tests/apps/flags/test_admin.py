"""Flags in both consoles."""

from __future__ import annotations

import pytest

from apps.flags.models import Flag
from apps.flags.services import sync_declared
from apps.tenants.isolation import platform_scope
from tests.support.console import Visitor, notices, offered

KEY = "beta-feature"
pytestmark = pytest.mark.usefixtures("beta")


def flag():
    with platform_scope("find the flag") as operator:
        sync_declared(context=operator)
        return Flag.objects.get(name=KEY)


@pytest.fixture
def operator(platform):
    return Visitor("operator")


@pytest.fixture
def owner(acme, context):
    subject = flag()
    visitor = Visitor("owner", acme)
    visitor.subject = subject
    return visitor


class TestOperators:
    def test_they_target_kill_and_revive(self, operator):
        done = operator.do("flags_flag", "change", flag(), rest="on")
        killed = operator.do("flags_flag", "kill", flag(), reason="it burns")
        assert ("changed" in notices(done), flag().killed, flag().level.enabled) == (True, True, True)
        assert "revive" in offered(killed)

        operator.do("flags_flag", "revive", flag())
        assert not flag().killed

    def test_they_add_one_with_owner_and_date(self, operator):
        operator.do("flags_flag", "create", key="brand-new", owner="me", expires="2030-01-01", unit="tenant")

        assert Flag.objects.get(name="brand-new").unit == "tenant"

    def test_a_line_is_a_name_even_with_blanks_in_it(self, operator):
        operator.do("flags_flag", "change", flag(), rest="", on_groups="store manager\r\n\r\n owner ")

        assert flag().level.on.groups == ("store manager", "owner")

    def test_a_mistake_is_shown_beside_the_form(self, operator):
        page = operator.do("flags_flag", "change", flag(), rest="", on_users="nobody")

        assert "UUID" in page.content.decode()

    def test_the_list_says_whose_and_until_when(self, operator):
        flag()

        page = operator.list("flags_flag").content.decode()

        assert KEY in page
        assert "2030-01-01" in page


class TestShops:
    def test_the_owner_targets_and_takes_back(self, owner):
        done = owner.do("flags_flag", "target", owner.subject, rest="", percent="100")
        page = owner.page("flags_flag", owner.subject)

        assert "changed" in notices(done)
        assert ("untarget" in offered(page), "100 %" in page.content.decode()) == (True, True)
        owner.do("flags_flag", "untarget", owner.subject)
        assert "untarget" not in offered(owner.page("flags_flag", owner.subject))

    def test_the_list_shows_the_shops_own_state(self, owner):
        owner.do("flags_flag", "target", owner.subject, rest="on")

        assert KEY in owner.list("flags_flag").content.decode()

    def test_a_viewer_sees_no_flags(self, acme, context):
        assert Visitor("viewer", acme).list("flags_flag").status_code == 403
