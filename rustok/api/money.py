"""Money on the wire: `{"amount": <integer minor units>, "currency": "USD"}` (see `rustok.money`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rustok.api.models import Body, Out
from rustok.api.models import Currency as CurrencyForm
from rustok.money import EXPONENTS, MAX_MINOR

Amount = Annotated[int, Field(ge=0, le=MAX_MINOR, description="Integer minor units of the currency (ISO 4217).")]

Currency = Annotated[CurrencyForm, Field(json_schema_extra={"pattern": f"^({'|'.join(sorted(EXPONENTS))})$"})]
"""An ISO 4217 code. The document lists those that exist; an unknown one is the domain's InvalidMoney."""


class MoneyBody(Body):
    """An amount that somebody gives."""

    amount: Amount
    currency: Currency


class MoneyOut(Out):
    """An amount in an answer."""

    amount: int = Field(description="Integer minor units of the currency (ISO 4217).")
    currency: str
