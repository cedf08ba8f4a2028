"""`manage.py signin`: help from the shell."""

import pytest
from django.core.management import CommandError, call_command

from apps.security.identity import factors, rules
from apps.security.models import AuditEntry, ConsoleSession, Factor
from apps.security.models.identity import TOTP


@pytest.fixture
def factor(bob):
    made = Factor(user=bob, kind=TOTP, name="phone", material=b"sealed")
    factors.store(made)
    return made


def test_lost_factors_are_taken_away(factor, capsys):
    call_command("signin", "reset", "--tenant", "acme", "bob")

    assert "password alone" in capsys.readouterr().out
    assert not Factor.objects.exists()
    assert AuditEntry.objects.get(action="factor:remove_all").actor == "system:manage.py"


def test_a_wait_ends(bob, sign_in):
    for _attempt in range(6):
        sign_in(password="wrong")

    call_command("signin", "unlock", "--tenant", "acme", "bob")

    assert sign_in().status_code == 302


def test_sessions_end(bob, sign_in):
    sign_in()

    call_command("signin", "end", "--tenant", "acme", "bob")

    assert not ConsoleSession.objects.filter(user=bob).exists()


def test_the_policy_is_changed(acme):
    call_command("signin", "policy", "--tenant", "acme", "required")
    rules.forget_policy()

    assert rules.second_factor() == "required"


def test_an_unknown_name_is_one_clear_line(acme):
    with pytest.raises(CommandError, match="nobody here is called nobody"):
        call_command("signin", "unlock", "--tenant", "acme", "nobody")
