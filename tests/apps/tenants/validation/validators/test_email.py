"""The e-mail address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tenants.validation import validate_email
from rustok.errors import DomainError

GOOD = [
    ("ann@example.com", "ann@example.com"),
    (" Ann.Lee+shop@Example.COM ", "Ann.Lee+shop@example.com"),
    ("o'brien@example.ie", "o'brien@example.ie"),
    ("ann@bücher.example.com", "ann@bücher.example.com"),
    ("анна@пример.рф", "анна@пример.рф"),
    ("ann@xn--bcher-kva.de", "ann@bücher.de"),
    ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
]
BAD = [
    ("", "email_empty"),
    ("  ", "email_empty"),
    ("ann", "email_malformed"),
    ("@example.com", "email_malformed"),
    ("ann@", "email_malformed"),
    ("ann@@example.com", "email_malformed"),
    ("ann lee@example.com", "email_malformed"),
    ("ann..lee@example.com", "email_malformed"),
    (".ann@example.com", "email_malformed"),
    ("ann@example", "email_malformed"),
    ("ann@exa_mple.com", "email_malformed"),
    ("ann@[127.0.0.1]", "email_malformed"),
    ('"ann lee"@example.com', "email_malformed"),
    ("Ann <ann@example.com>", "email_malformed"),
    ("ann@example.com\r\nBcc: all@example.com", "email_malformed"),
    ("ann@example.com\n", "email_malformed"),
    ("a\x00nn@example.com", "email_malformed"),
    ("\ud800@example.com", "email_malformed"),
    ("a" * 65 + "@example.com", "email_too_long"),
    ("ann@" + "a." * 130 + "com", "email_too_long"),
    ("ann@shop.invalid", "email_undeliverable"),
    ("ann@shop.localhost", "email_undeliverable"),
]


@pytest.mark.parametrize(("text", "address"), GOOD)
def test_good_text_becomes_its_normal_form(text, address):
    assert validate_email(text) == address


@pytest.mark.parametrize(("text", "reason"), BAD)
def test_bad_text_is_refused_with_its_reason(text, reason):
    with pytest.raises(DomainError) as caught:
        validate_email(text)

    assert caught.value.errors[0].code == reason


@given(st.emails() | st.text(max_size=60))
def test_any_text_is_normalised_or_refused_and_never_breaks(text):
    try:
        address = validate_email(text)
    except DomainError:
        return
    assert validate_email(address) == address
    assert "\n" not in address
