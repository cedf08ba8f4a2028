"""Money never rounds, never mixes, and knows its decimals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.money import EXPONENTS, MAX_MINOR, InvalidMoney, Money

currencies = st.sampled_from(sorted(EXPONENTS))
amounts = st.integers(min_value=-MAX_MINOR, max_value=MAX_MINOR)
halves = st.integers(min_value=-(MAX_MINOR // 2), max_value=MAX_MINOR // 2)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.34", "USD", 1234),
        ("12.3", "USD", 1230),
        ("12", "USD", 1200),
        ("-0.01", "USD", -1),
        ("500", "JPY", 500),
        ("1.250", "KWD", 1250),
        ("1.2", "KWD", 1200),
        ("0", "EUR", 0),
    ],
)
def test_parse_counts_minor_units(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("12.345", "USD"),
        ("500.0", "JPY"),
        ("1.2500", "KWD"),
        ("1e3", "USD"),
        ("1,000", "USD"),
        ("+1", "USD"),
        (".5", "USD"),
        ("5.", "USD"),
        ("", "USD"),
        ("٣", "USD"),
        ("NaN", "USD"),
        ("1\n", "USD"),
        ("9" * 17, "USD"),
        ("1", "usd"),
        ("1", "XXX"),
        ("1", "XAU"),
    ],
)
def test_parse_refuses_what_is_no_amount(text: str, currency: str) -> None:
    with pytest.raises(InvalidMoney):
        Money.parse(text, currency)


@given(amounts, currencies)
def test_parse_reads_back_what_decimal_writes(minor: int, currency: str) -> None:
    money = Money(minor, currency)

    assert Money.parse(money.decimal(), currency) == money


@pytest.mark.parametrize(
    ("money", "text"),
    [(Money(5, "USD"), "0.05"), (Money(-5, "KWD"), "-0.005"), (Money(0, "JPY"), "0"), (Money(100, "EUR"), "1.00")],
)
def test_decimal_writes_every_digit_of_the_currency(money: Money, text: str) -> None:
    assert money.decimal() == text


@given(halves, halves, currencies)
def test_addition_is_undone_by_subtraction(one: int, other: int, currency: str) -> None:
    first, second = Money(one, currency), Money(other, currency)

    assert first + second == second + first
    assert first + second - second == first


@given(st.integers(min_value=0, max_value=1_000_000), st.integers(min_value=0, max_value=1_000_000))
def test_multiplication_is_repeated_addition(minor: int, times: int) -> None:
    assert (Money(minor, "USD") * times).amount == minor * times


def test_currencies_do_not_mix() -> None:
    dollars, yen = Money(1, "USD"), Money(1, "JPY")

    for mix in (lambda: dollars + yen, lambda: dollars - yen, lambda: dollars < yen):
        with pytest.raises(InvalidMoney):
            mix()


@pytest.mark.parametrize("amount", [1.0, True, "1", MAX_MINOR + 1, -MAX_MINOR - 1])
def test_an_amount_is_a_whole_number_in_range(amount: object) -> None:
    with pytest.raises(InvalidMoney):
        Money(amount, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("USD", 2), ("KWD", 3), ("ISK", 0), ("BHD", 3)])
def test_exponents_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert EXPONENTS[currency] == digits


def test_currency_codes_are_well_formed() -> None:
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in EXPONENTS)


def test_it_reads_well() -> None:
    assert str(Money(123450, "USD")) == "1234.50 USD"
    assert Money(7, "JPY").as_dict() == {"amount": 7, "currency": "JPY"}
