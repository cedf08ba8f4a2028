"""Names of actors."""

from apps.security.queries import actor_labels
from apps.security.services import create_api_key, create_user
from rustok.context import current
from tests.support.statements import at_most


def test_people_and_keys_get_their_names_and_others_none(acme):
    bob = create_user(username="bob", password=None, role="viewer", context=current())
    key, _plain = create_api_key(name="robot", permissions=["order:read"], context=current())
    user, robot = f"user:{bob.pk}", f"api_key:{key.pk}"

    with at_most(2):
        found = actor_labels([user, robot, user, "system:relay", "user:alice", "nonsense"])

    assert found == {user: "bob", robot: "robot"}


def test_nobody_costs_nothing(acme):
    with at_most(0):
        assert actor_labels(["system:relay"]) == {}
