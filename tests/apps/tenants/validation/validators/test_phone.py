"""The phone number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tenants.validation import validate_phone
from rustok.errors import DomainError

GOOD = [
    ("+1 650-253-0000", None, "+16502530000"),
    ("(650) 253-0000", "US", "+16502530000"),
    ("650.253.0000", "us", "+16502530000"),
    ("8 (912) 345-67-89", "RU", "+79123456789"),
    ("+7 912 345 67 89", "US", "+79123456789"),
    ("020 7946 0018", "GB", "+442079460018"),
    ("＋44 20 7946 0018", None, "+442079460018"),
    ("+49 30 901820", None, "+4930901820"),
]
BAD = [
    ("", None, "phone_empty"),
    ("  ", "US", "phone_empty"),
    ("650 253 0000", None, "phone_region_needed"),
    ("650 253 0000", "XX", "phone_region_needed"),
    ("1-800-FLOWERS", "US", "phone_malformed"),
    ("+44 20 7946 0018 ext. 5", None, "phone_malformed"),
    ("call +16502530000", None, "phone_malformed"),
    ("+", None, "phone_malformed"),
    ("()-", "US", "phone_malformed"),
    ("+999 123 456", None, "phone_malformed"),
    ("1" * 41, "US", "phone_malformed"),
    ("+1 650 253 000", None, "phone_not_assigned"),
    ("12", "US", "phone_not_assigned"),
    ("+1 000 000 0000", None, "phone_not_assigned"),
    ("+49 201 00000000000", None, "phone_not_assigned"),  # 16 digits: valid in Germany, too long for E.164
]


@pytest.mark.parametrize(("text", "region", "number"), GOOD)
def test_good_text_becomes_e164(text, region, number):
    assert validate_phone(text, region=region) == number


@pytest.mark.parametrize(("text", "region", "reason"), BAD)
def test_bad_text_is_refused_with_its_reason(text, region, reason):
    with pytest.raises(DomainError) as caught:
        validate_phone(text, region=region)

    assert caught.value.errors[0].code == reason


@given(st.text(alphabet="+0123456789 ()-./x\u0660", max_size=30), st.sampled_from([None, "US", "RU", "DE"]))
def test_any_text_is_normalised_or_refused_and_never_breaks(text, region):
    try:
        number = validate_phone(text, region=region)
    except DomainError:
        return
    assert validate_phone(number) == number
    assert number[0] == "+"
    assert len(number) <= 16
