"""The trust policy in the consoles: what holds is shown, what is changed goes through the service."""

import pytest

from apps.security.models import TrustPolicy
from apps.security.zero_trust.services import CreateSigningKey, create_signing_key
from rustok.context import current
from tests.support.console import Visitor, notices, offered

PLAIN = {
    "signatures": "optional",
    "rate_per_tenant": "",
    "rate_per_key": "",
    "rate_per_route": "",
    "allowed_origins": "",
}
MODEL = "security_trustpolicy"


@pytest.fixture
def owner(acme):
    return Visitor("owner", acme)


def test_defaults_are_shown_as_such(owner):
    page = owner.list(MODEL).content.decode()

    assert "Verified when there is one" in page
    assert page.count("default") >= 3


def test_a_changed_policy_is_stored_and_shown(owner):
    changed = {"rate_per_key": "600", "allowed_origins": "https://b.example\r\n\r\n https://a.example:8443 "}
    answer = owner.do(MODEL, "change", **PLAIN | changed)

    assert "in force" in notices(answer)
    policy = TrustPolicy.objects.get()
    assert (policy.rate_per_key, policy.allowed_origins) == (600, ["https://a.example:8443", "https://b.example"])
    assert "https://b.example" in owner.list(MODEL).content.decode()


def test_signatures_are_required_only_when_somebody_could_sign(owner):
    refused = owner.do(MODEL, "change", **PLAIN | {"signatures": "required"})
    assert refused.context["form"].errors["signatures"]

    create_signing_key(input=CreateSigningKey(name="robot", permissions=["order:read"]), context=current())
    owner.do(MODEL, "change", **PLAIN | {"signatures": "required"})
    assert TrustPolicy.objects.get().signatures == "required"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("signatures", "maybe"),
        ("rate_per_key", "0"),
        ("rate_per_route", "many"),
        ("allowed_origins", "*"),
        ("allowed_origins", "https://a.example/path"),
        ("allowed_origins", "javascript:alert(1)"),
        ("allowed_origins", "\n".join(f"https://s{n}.example" for n in range(51))),
    ],
)
def test_what_makes_no_policy_is_refused_beside_its_field(owner, field, value):
    answer = owner.do(MODEL, "change", **PLAIN | {field: value})

    assert answer.context["form"].errors[field]
    assert not TrustPolicy.objects.exists()


def test_a_viewer_sees_no_policy_and_changes_none(acme):
    viewer = Visitor("viewer", acme)

    assert viewer.list(MODEL).status_code == 403
    assert viewer.do(MODEL, "change", **PLAIN).status_code == 403


def test_operators_have_a_policy_of_their_own(platform):
    assert offered(Visitor("operator").list(MODEL)) == {"change"}
