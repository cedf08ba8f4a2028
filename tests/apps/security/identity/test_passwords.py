"""What a password must be."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.security.access.services import CreateRole, create_role
from apps.security.identity.passwords import LONGEST, is_listed
from apps.security.services import create_user
from rustok.config import Config
from rustok.errors.families import InvalidInput


@pytest.mark.parametrize(
    ("role", "password"),
    [
        ("viewer", "ninechars"),
        ("owner", "elevenchars"),
        ("viewer", "x" * (LONGEST + 1)),
        ("viewer", "password123"),
        ("viewer", "carol-fisher"),
    ],
    ids=["short", "short for an owner", "endless", "common", "like the name"],
)
def test_a_password_that_is_easy_or_endless_is_refused(context, role, password):
    with pytest.raises(InvalidInput) as refused:
        create_user(username="carol.fisher", password=password, role=role, context=context)

    assert refused.value.errors[0].pointer == "/password"


@pytest.mark.parametrize(
    ("role", "password"), [("viewer", "tenletters"), ("owner", "twelveletter"), ("viewer", "ы" * 256)]
)
def test_length_is_what_counts(context, role, password):
    assert create_user(username="carol", password=password, role=role, context=context).check_password(password)


def test_a_role_of_the_shops_own_that_may_everything_needs_as_long_a_password(context):
    create_role(input=CreateRole(slug="partner", name="Partner", grants=["*:*"]), context=context)

    with pytest.raises(InvalidInput):
        create_user(username="carol", password="elevenchars", role="partner", context=context)


def test_a_leaked_password_is_refused_by_the_list_on_this_machine(context, tmp_path, monkeypatch):
    leaked = hashlib.sha1(b"tenletters").hexdigest().upper()
    file = tmp_path / "leaked.txt"
    file.write_text("\n".join(sorted([leaked + ":3", "0" * 40 + ":1", "F" * 40 + ":9"])) + "\n")
    known = Config(leaked_passwords=file)
    monkeypatch.setattr("apps.security.identity.passwords.config", lambda: known)

    with pytest.raises(InvalidInput):
        create_user(username="carol", password="tenletters", role="viewer", context=context)
    assert create_user(username="carol", password="otherletters", role="viewer", context=context)


@settings(max_examples=40)
@given(
    numbers=st.sets(st.integers(0, 2**16), min_size=0, max_size=60),
    wanted=st.integers(0, 2**16),
    counted=st.booleans(),
    ends=st.booleans(),
)
def test_a_sorted_list_is_searched_right(tmp_path_factory, numbers, wanted, counted, ends):
    file = tmp_path_factory.mktemp("list") / "hashes"
    lines = [f"{number:040X}" + (f":{number}" if counted else "") for number in sorted(numbers)]
    file.write_text("\n".join(lines) + ("\n" if ends and lines else ""))

    assert is_listed(f"{wanted:040x}", file) == (wanted in numbers)
