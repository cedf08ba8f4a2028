"""Money: an integer number of minor units and a currency. No float ever touches an amount (trap 28).

    Money.parse("12.34", "USD")   # Money(1234, "USD")
    Money.parse("500", "JPY")     # Money(500, "JPY"): no minor unit
    Money.parse("1.250", "KWD")   # Money(1250, "KWD"): a thousandth
    Money(1234, "USD").decimal()  # "12.34"

Nothing here rounds, converts or knows a rate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from rustok.errors.families import InvalidInput

MAX_MINOR: Final = 2**53 - 1
"""The largest amount in minor units: what JSON readers hold exactly (RFC 8259 section 6), and far inside a bigint."""

# ISO 4217 active currencies by exponent (list one); funds, metals and test codes are no means of payment here.
_BY_EXPONENT: Final[dict[int, str]] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP
          CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR
          IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN
          NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
          STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG""",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
EXPONENTS: Final[dict[str, int]] = {code: digits for digits, codes in _BY_EXPONENT.items() for code in codes.split()}
"""How many decimal digits the minor unit has, by ISO 4217 code."""

_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,16})(?:\.([0-9]{1,3}))?")


class InvalidMoney(InvalidInput):
    """An amount or currency that cannot be money: unknown code, too many decimals, out of range, mixed currencies."""

    code = 2008
    title = _("Invalid amount of money")
    message = _("%(reason)s")


def exponent(currency: str) -> int:
    """The number of decimal digits of an ISO 4217 code; raises InvalidMoney for an unknown one (case matters)."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise InvalidMoney(reason=_("%(code)s is no ISO 4217 currency.") % {"code": currency[:8]}) from None


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units of one currency. Arithmetic across currencies raises InvalidMoney."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse what is no whole number in range (a bool is none), and unknown currencies."""
        exponent(self.currency)
        if type(self.amount) is not int:
            raise InvalidMoney(reason=_("An amount is a whole number of minor units."))
        if not -MAX_MINOR <= self.amount <= MAX_MINOR:
            raise InvalidMoney(reason=_("The amount is out of range."))

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read a plain decimal such as `-12.30`: no sign `+`, no grouping, no exponent, no excess decimals."""
        digits = exponent(currency)
        match = _DECIMAL.fullmatch(text)
        if match is None or len(match[3] or "") > digits:
            reason = _("%(text)s is no amount with at most %(digits)s decimals.")
            raise InvalidMoney(reason=reason % {"text": text[:32], "digits": digits})
        minor = int(match[2] + (match[3] or "").ljust(digits, "0"))
        return cls(-minor if match[1] else minor, currency)

    def decimal(self) -> str:
        """The amount as a plain decimal with all the currency's digits; the inverse of `parse`."""
        digits = EXPONENTS[self.currency]
        text = str(abs(self.amount)).rjust(digits + 1, "0")
        whole, cents = (text[:-digits], "." + text[-digits:]) if digits else (text, "")
        return f"{'-' if self.amount < 0 else ''}{whole}{cents}"

    def as_dict(self) -> dict[str, Any]:
        """The JSON form of the API: `{"amount": <minor units>, "currency": "USD"}`."""
        return {"amount": self.amount, "currency": self.currency}

    def __str__(self) -> str:
        """For people: `12.34 USD`."""
        return f"{self.decimal()} {self.currency}"

    def __add__(self, other: Money) -> Money:
        """Add an amount of the same currency."""
        return Money(self.amount + self._minor_of(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Subtract an amount of the same currency."""
        return Money(self.amount - self._minor_of(other), self.currency)

    def __mul__(self, times: int) -> Money:
        """Multiply by a whole number."""
        return Money(self.amount * times, self.currency)

    def __lt__(self, other: Money) -> bool:
        """Compare with an amount of the same currency."""
        return self.amount < self._minor_of(other)

    def _minor_of(self, other: Money) -> int:
        if other.currency != self.currency:
            reason = _("Amounts in %(one)s and %(other)s do not mix.")
            raise InvalidMoney(reason=reason % {"one": self.currency, "other": other.currency})
        return other.amount
