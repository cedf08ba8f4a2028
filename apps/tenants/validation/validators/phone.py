"""A phone number in E.164 form (ITU-T E.164: a plus, the country code, at most 15 digits)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import phonenumbers

from apps.tenants.validation.errors import PhoneEmpty, PhoneMalformed, PhoneNotAssigned, PhoneRegionNeeded

_MAX_INPUT: Final = 40
_MAX_E164: Final = 16  # the plus and 15 digits
# Letters (vanity numbers, extensions, free text around a number) are refused rather than guessed at.
_WRITTEN: Final = re.compile(r"\+?[0-9 ().\-/]*[0-9][0-9 ().\-/]*")
_DASHES: Final = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))


def validate_phone(value: str, *, region: str | None = None, field: str = "phone") -> str:
    """Return the number in E.164 form, or raise the reason against it.

    `region` (ISO 3166-1 alpha-2) is where a number without a leading plus is dialled.

    >>> validate_phone("(650) 253-0000", region="US")
    '+16502530000'
    """
    text = unicodedata.normalize("NFKC", value).translate(_DASHES).strip()
    if not text:
        raise PhoneEmpty(field=field)
    if len(text) > _MAX_INPUT or not _WRITTEN.fullmatch(text):
        raise PhoneMalformed(field=field)
    where = region.upper() if region else None
    if not text.startswith("+") and where not in phonenumbers.SUPPORTED_REGIONS:
        raise PhoneRegionNeeded(field=field)
    try:
        number = phonenumbers.parse(text, where)
    except phonenumbers.NumberParseException:
        raise PhoneMalformed(field=field) from None
    if not phonenumbers.is_valid_number(number):
        raise PhoneNotAssigned(field=field)
    written = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    if len(written) > _MAX_E164:  # some national plans allow more digits than the international one
        raise PhoneNotAssigned(field=field)
    return written
