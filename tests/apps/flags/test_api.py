"""REST, OFREP, OpenFeature and waffle's own functions: one value behind all of them."""

from __future__ import annotations

import pytest
from openfeature import api as openfeature
from openfeature.evaluation_context import EvaluationContext
from waffle import flag_is_active

from apps.flags.provider import RustokProvider
from apps.flags.services import ChangeFlag, change_flag, target_in_shop
from apps.flags.targeting import Targeting
from apps.security.services import create_api_key
from apps.tenants.isolation import platform_scope
from tests.support.rest import Integrator

KEY = "beta-feature"
pytestmark = pytest.mark.usefixtures("beta")


@pytest.fixture
def shop(acme, context):
    return Integrator(acme, context)


def ofrep(shop, path="", body=None, **headers):
    return shop.client.post(
        f"/ofrep/v1/evaluate/flags{path}",
        data=body or {},
        content_type="application/json",
        headers={"authorization": f"Bearer {shop.key}", **{k.replace("_", "-"): v for k, v in headers.items()}},
    )


class TestShopRest:
    def test_a_shop_targets_and_takes_back(self, shop):
        put = shop.send("PUT", f"flags/{KEY}/", {"enabled": True, "reason": "try it"})
        got = shop.get(f"flags/{KEY}/")
        back = shop.send("PUT", f"flags/{KEY}/", {}, if_match='"1"')

        assert [put.status_code, got.status_code, back.status_code] == [200, 200, 200]
        assert (got.json()["value"], got.json()["rule"], got["ETag"]) == (True, "shop: on for everybody", '"1"')
        assert shop.get(f"flags/{KEY}/").json()["value"] is False

    def test_the_list_holds_every_flag(self, shop):
        assert {"beta-feature", "new-checkout-flow"} <= {one["key"] for one in shop.get("flags/").json()["results"]}

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"percent": 101}, 400),
            ({"percent": 5, "enabled": True}, 400),
            ({"on": {"tenants": []}}, 400),
            ({"x": 1}, 400),
        ],
    )
    def test_bad_bodies(self, shop, body, status):
        assert shop.send("PUT", f"flags/{KEY}/", body).status_code == status

    def test_stale_and_unknown(self, shop):
        assert shop.send("PUT", f"flags/{KEY}/", {}, if_match='"9"').status_code == 412
        assert shop.get("flags/nothing-here/").json()["name"] == "FlagNotFound"

    def test_audiences(self, shop):
        made = shop.post("audiences/", {"key": "testers", "add": ["018f0000-0000-7000-8000-000000000001"]})
        less = shop.send("PATCH", "audiences/testers/", {"remove": ["018f0000-0000-7000-8000-000000000001"]})

        assert made.json() == {"key": "testers", "of": "actor", "count": 1, "version": 1}
        assert shop.get("audiences/").json()["results"] == [less.json()]
        assert shop.post("audiences/", {"key": "testers"}).status_code == 409
        assert shop.send("DELETE", "audiences/testers/").status_code == 204
        assert shop.send("PATCH", "audiences/testers/", {}).status_code == 404

    def test_reading_needs_its_permission(self, acme, context):
        assert Integrator(acme, context, ["order:read"]).get("flags/").status_code == 403


def test_operators_change_flags_on_the_platform_host(platform, client_of):
    _key, secret = create_api_key(name="ops", permissions=["flag:*"], context=platform)
    client = client_of(None)
    headers = {"authorization": f"Bearer {secret}"}

    def send(method, path, body, **more):
        return getattr(client, method)(path, body, content_type="application/json", headers={**headers, **more})

    new = {"key": "brand-new", "owner": "ops", "expires": "2030-01-01"}
    made = send("post", "/api/v1/flags/", new)
    changed = send("patch", "/api/v1/flags/brand-new/", {"targeting": {"percent": 12.34}})
    killed = send("patch", "/api/v1/flags/brand-new/", {"killed": True}, **{"if-match": '"2"'})
    listed = client.get("/api/v1/flags/", headers=headers).json()["results"]

    assert (changed.status_code, changed.json()["targeting"]["percent"], killed.json()["killed"]) == (200, 12.3, True)
    assert "brand-new" in {one["key"] for one in listed}
    assert [made.status_code, send("post", "/api/v1/flags/", new).status_code] == [201, 409]
    assert send("patch", "/api/v1/flags/nothing-here/", {}).status_code == 404
    assert client.get("/api/v1/flags/brand-new/", headers=headers)["ETag"] == '"3"'


class TestOfrep:
    def test_all_flags_with_an_etag_that_changes_with_the_answer(self, shop, context):
        first = ofrep(shop)
        same = ofrep(shop, if_none_match=first["ETag"])
        target_in_shop(key=KEY, targeting=Targeting(enabled=True), context=context)
        changed = ofrep(shop, if_none_match=first["ETag"])

        assert [first.status_code, same.status_code, changed.status_code] == [200, 304, 200]
        assert same.content == b""
        values = {one["key"]: one["value"] for one in changed.json()["flags"]}
        assert values[KEY] is True

    def test_one_flag_for_the_unit_that_is_named(self, shop, context):
        target_in_shop(key=KEY, targeting=Targeting(percent=50), context=context)

        values = {ofrep(shop, f"/{KEY}", {"context": {"targetingKey": f"u-{n}"}}).json()["value"] for n in range(12)}

        assert values == {True, False}

    def test_groups_of_the_context_count(self, shop, context):
        with platform_scope("an operator") as operator:
            given = Targeting.from_dict({"on": {"groups": ["staff"]}})
            change_flag(key=KEY, input=ChangeFlag(targeting=given), context=operator)

        answer = ofrep(shop, f"/{KEY}", {"context": {"targetingKey": "u", "groups": ["staff"]}}).json()

        assert (answer["value"], answer["reason"], answer["variant"]) == (True, "TARGETING_MATCH", "on")

    def test_an_unknown_flag_is_told_in_the_protocols_words(self, shop):
        answer = ofrep(shop, "/nothing-here")

        assert (answer.status_code, answer.json()["errorCode"]) == (404, "FLAG_NOT_FOUND")

    def test_a_key_without_the_permission_gets_a_problem(self, acme, context):
        assert ofrep(Integrator(acme, context, ["flag:read"])).status_code == 403


class TestProvider:
    @pytest.fixture
    def client(self, acme, context):
        openfeature.set_provider(RustokProvider())
        yield openfeature.get_client()
        openfeature.clear_providers()

    def test_it_answers_with_reason_and_variant(self, client, context):
        target_in_shop(key=KEY, targeting=Targeting(enabled=True), context=context)

        found = client.get_boolean_details(KEY, False, EvaluationContext(targeting_key="user-7"))

        assert (found.value, found.reason, found.variant, found.error_code) == (True, "STATIC", "on", None)

    @pytest.mark.parametrize("default", [True, False])
    def test_an_unknown_flag_is_the_default_with_its_error(self, client, default):
        found = client.get_boolean_details("nothing-here", default)

        assert (found.value, str(found.error_code.value)) == (default, "FLAG_NOT_FOUND")

    @pytest.mark.parametrize(("kind", "default"), [("string", "a"), ("integer", 7), ("float", 0.5), ("object", {})])
    def test_other_types_are_a_mismatch(self, client, kind, default):
        found = getattr(client, f"get_{kind}_details")(KEY, default)

        assert (found.value, str(found.error_code.value)) == (default, "TYPE_MISMATCH")


def test_waffles_own_function_reads_the_same_value(acme, context, rf, django_assert_num_queries):
    target_in_shop(key=KEY, targeting=Targeting(enabled=True), context=context)

    with django_assert_num_queries(0):
        assert flag_is_active(rf.get("/"), KEY) is True
        assert flag_is_active(rf.get("/"), "nothing-here") is False
