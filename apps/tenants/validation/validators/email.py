"""An e-mail address by RFC 5321, 5322 and 6531, without a look-up unless asked."""

from __future__ import annotations

from typing import Final

from email_validator import EmailSyntaxError, EmailUndeliverableError
from email_validator import validate_email as parse

from apps.tenants.validation.errors import EmailEmpty, EmailMalformed, EmailTooLong, EmailUndeliverable

MAX_EMAIL: Final = 254
MAX_LOCAL: Final = 64


def validate_email(value: str, *, field: str = "email", check_deliverability: bool = False) -> str:
    """Return the address in normal form: Unicode NFC, domain in lower case, the part before the at-sign untouched.

    `check_deliverability` asks DNS for a mail server and may take seconds; never in a request.

    >>> validate_email(" Ann.Lee@Example.COM ")
    'Ann.Lee@example.com'
    """
    text = value.strip(" \t")  # never line ends: an address with one is an attempt at a second header line
    if not text:
        raise EmailEmpty(field=field)
    local, _, domain = text.rpartition("@")
    if len(text.encode("utf-8", "replace")) > MAX_EMAIL or len(local.encode("utf-8", "replace")) > MAX_LOCAL:
        raise EmailTooLong(field=field)
    try:
        return parse(text, check_deliverability=check_deliverability).normalized
    except EmailUndeliverableError:
        raise EmailUndeliverable(field=field, domain=domain) from None
    except EmailSyntaxError as error:
        if "special-use" in str(error) or "reserved" in str(error):
            raise EmailUndeliverable(field=field, domain=domain) from None
        raise EmailMalformed(field=field) from None
