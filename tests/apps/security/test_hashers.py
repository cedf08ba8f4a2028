"""Passwords are stored by Argon2id with costs that a small server survives."""

from django.contrib.auth.hashers import check_password, make_password


def test_password_is_stored_with_the_owasp_costs() -> None:
    stored = make_password("correct horse battery")

    assert stored.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert check_password("correct horse battery", stored)
