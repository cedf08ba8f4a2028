"""Form fields that commands share."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from rustok.money import EXPONENTS, InvalidMoney, Money


class CurrencyField(forms.ChoiceField):
    """An ISO 4217 currency."""

    def __init__(self, **kwargs: Any) -> None:
        """Offer the common ones first."""
        common = ("USD", "EUR", "GBP", "RUB", "JPY")
        rest = sorted(set(EXPONENTS) - set(common))
        kwargs.setdefault("label", _("Currency"))
        super().__init__(choices=[(code, code) for code in (*common, *rest)], **kwargs)


class AmountField(forms.CharField):
    """An amount as people write it, `12.34`; `minor` turns it into minor units of a currency."""

    def __init__(self, **kwargs: Any) -> None:
        """A short text with a numeric keyboard on phones."""
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_length=24, widget=widget, **kwargs)


def minor(text: str, currency: str) -> int:
    """Minor units of what was typed; a comma counts as the decimal point. Raises ValidationError."""
    try:
        return Money.parse(text.strip().replace(",", "."), currency).amount
    except InvalidMoney as error:
        raise ValidationError(error.detail) from error
