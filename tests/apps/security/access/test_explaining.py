"""Why denied, why allowed: over REST for oneself and for others, and by command."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from apps.security.access import services
from apps.security.services import create_api_key, create_user
from rustok.context import current
from rustok.db.ids import new_id
from tests.support.commerce import make_customer, make_order
from tests.support.rest import Integrator


@pytest.fixture
def ann(acme):
    """A customer who signs in, with one order of her own."""
    user = create_user(username="ann", password=None, role="customer", context=current())
    customer = make_customer(account=user.actor.reference)
    return user, make_order(customer_id=customer.pk)


def asked(client, **body):
    answer = client.post("explain/", body)
    assert answer.status_code == 200, answer.content
    return answer.json()


OWN = [
    (["order:read"], "order:read", True, "granted", "all", "order:read", None),
    (["order:*"], "order:list", True, "granted", "all", "order:*", None),
    (["*:*"], "order:ship", True, "granted", "all", "*:*", None),
    (["order:*", "order:refund:none"], "order:refund", False, "withheld", "none", "order:refund:none", "order:refund"),
    (["order:read:own"], "order:read", False, "own_rows_only", "own", "order:read:own", "order:read"),
    (["product:read:own"], "product:read", False, "no_owner", "none", "product:read:own", "product:read"),
    (["product:read"], "order:ship", False, "no_grant", "none", None, "order:ship"),
]


@pytest.mark.parametrize(("held", "wanted", "allowed", "rule", "scope", "grant", "missing"), OWN, ids=str)
def test_a_caller_learns_about_itself(acme, context, held, wanted, allowed, rule, scope, grant, missing):
    told = asked(Integrator(acme, context, held), permission=wanted)

    assert (told["allowed"], told["rule"], told["scope"]) == (allowed, rule, scope)
    assert (told["grant"], told["missing"]) == (grant, missing)
    assert told["reason"]


def test_about_others_only_who_may_read_roles(acme, context, ann):
    user, order = ann
    shop, till = Integrator(acme, context), Integrator(acme, context, ["order:read"])
    about = {"permission": "order:cancel", "object": str(order.pk), "actor": user.actor.reference}
    told = asked(shop, **about)

    assert (told["allowed"], told["rule"], told["role"], told["object"]) == (True, "own", "customer", str(order.pk))
    assert asked(shop, **about | {"object": str(make_order().pk)})["rule"] == "not_own"
    assert asked(shop, permission="order:refund", role="customer")["missing"] == "order:refund"
    assert till.post("explain/", about).json()["errors"][0]["code"] == "no_grant"


def test_nobody_learns_by_asking_whether_a_row_is_there(acme, context):
    till = Integrator(acme, context, ["order:read:own"])
    there, nowhere = (asked(till, permission="order:read", object=str(key)) for key in (make_order().pk, new_id()))

    assert there | {"object": None} == nowhere | {"object": None} | {"rule": "not_own", "reason": there["reason"]}
    assert nowhere["rule"] == "not_own"


def test_questions_about_nothing_are_refused(acme, context):
    shop = Integrator(acme, context)

    assert shop.post("explain/", {"permission": "order:juggle"}).json()["errors"][0]["code"] == "unknown"
    assert shop.post("explain/", {"permission": "order:read", "object": str(new_id())}).status_code == 404
    assert shop.post("explain/", {"permission": "order:read", "actor": f"user:{new_id()}"}).status_code == 404
    assert shop.post("explain/", {"permission": "order:read", "role": "nobody"}).status_code == 404


def test_a_refusal_says_by_itself_which_rule_decided_and_what_is_missing(acme, context):
    till = Integrator(acme, context, ["order:*", "order:ship:none"])
    refused = till.post(f"orders/{make_order().pk}/ship/", {}).json()

    assert refused["code"] == 1003
    assert refused["errors"][0]["code"] == "withheld"
    assert "order:ship:none" in refused["errors"][0]["message"]


def explained(capsys, *arguments):
    call_command("explain", "--tenant", "acme", *arguments, "--json")
    return json.loads(capsys.readouterr().out)


def test_the_command_answers_about_actors_keys_and_roles(ann, capsys):
    user, order = ann
    key, plain = create_api_key(name="till", permissions=["order:read"], context=current())
    services.seed_roles()

    row = ["--permission", "order:read", "--object", str(order.pk)]
    assert explained(capsys, "--actor", "ann", *row)["rule"] == "own"
    assert explained(capsys, "--actor", user.actor.reference, *row)["rule"] == "own"
    assert explained(capsys, "--key", plain, *row)["grant"] == "order:read"
    assert explained(capsys, "--actor", f"api_key:{key.pk}", "--permission", "order:ship")["missing"] == "order:ship"
    assert explained(capsys, "--role", "viewer", "--permission", "audit:read")["allowed"] is False


def test_the_command_tells_people_in_lines(ann, capsys):
    call_command("explain", "--tenant", "acme", "--actor", "ann", "--permission", "order:refund")

    assert capsys.readouterr().out.splitlines()[0] == "denied: order:refund for ann (no_grant)"


@pytest.mark.parametrize(
    "wrong",
    [
        ["--actor", "nobody", "--permission", "order:read"],
        ["--role", "viewer", "--permission", "order:juggle"],
        ["--role", "viewer", "--permission", "order:read", "--object", "7"],
    ],
    ids=["actor", "permission", "object"],
)
def test_the_command_says_in_one_line_what_is_wrong(ann, wrong):
    services.seed_roles()
    with pytest.raises(CommandError):
        call_command("explain", "--tenant", "acme", *wrong)
