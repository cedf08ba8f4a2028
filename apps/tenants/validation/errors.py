"""What can be wrong with the names, hosts and addresses of a tenant: one class per failure (211x slug to 214x phone).

Each carries the field as a JSON Pointer, a stable word for programs and a text in every language.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from rustok.errors.base import DomainError, FieldError, Kind
from rustok.errors.families import InvalidInput


def _detail_of(error: DomainError) -> str:
    return error.detail


_lazy_detail = lazy(_detail_of, str)  # the text is chosen when somebody reads it, in that reader's language


class FieldRefused(InvalidInput):
    """Base: one field is refused for one reason. Never raised itself."""

    reason: ClassVar[str] = ""

    def __init__(self, *, field: str, **context: Any) -> None:
        """Name the field, and the facts that fill the message."""
        super().__init__(field=field, **context)
        self.errors = (FieldError(f"/{field}", self.reason, _lazy_detail(self)),)


class SlugEmpty(FieldRefused):
    """Nothing is left after trimming."""

    code = 2110
    reason = "slug_empty"
    title = _("Slug missing")
    message = _("A slug is needed.")


class SlugTooLong(FieldRefused):
    """More than one DNS label can hold (RFC 1035 section 2.3.4)."""

    code = 2111
    reason = "slug_too_long"
    title = _("Slug too long")
    message = _("A slug has at most %(limit)s characters.")


class SlugMalformed(FieldRefused):
    """Other characters than a-z, 0-9 and inner hyphens."""

    code = 2112
    reason = "slug_malformed"
    title = _("Slug malformed")
    message = _("A slug has only the letters a-z, digits and hyphens, and starts and ends with a letter or digit.")


class SlugDoubleHyphen(FieldRefused):
    """Two hyphens in a row: the mark of encoded names (RFC 5890 section 2.3.1)."""

    code = 2113
    reason = "slug_double_hyphen"
    title = _("Double hyphen in slug")
    message = _("A slug may not have two hyphens in a row.")


class SlugIsUuid(FieldRefused):
    """The slug could be taken for an identifier."""

    code = 2114
    reason = "slug_is_uuid"
    title = _("Slug is an identifier")
    message = _("A slug may not have the form of a UUID.")


class SlugReserved(FieldRefused):
    """The platform needs this name for itself."""

    code = 2115
    reason = "slug_reserved"
    title = _("Slug reserved")
    message = _("The name %(slug)s is reserved.")


class SlugTaken(FieldRefused):
    """Another tenant has it."""

    code = 2116
    kind = Kind.CONFLICT
    reason = "slug_taken"
    title = _("Slug taken")
    message = _("The name %(slug)s is taken.")


class DomainEmpty(FieldRefused):
    """Nothing is left after trimming."""

    code = 2120
    reason = "domain_empty"
    title = _("Domain missing")
    message = _("A domain is needed.")


class DomainTooLong(FieldRefused):
    """The whole name exceeds 253 characters, or one label 63 (RFC 1035 section 2.3.4), in the form used by DNS."""

    code = 2121
    reason = "domain_too_long"
    title = _("Domain too long")
    message = _("A domain has at most 253 characters, and each part at most 63.")


class DomainMalformed(FieldRefused):
    """Not a host name by IDNA 2008 (RFC 5891) after the mapping of UTS 46."""

    code = 2122
    reason = "domain_malformed"
    title = _("Domain malformed")
    message = _("This is not a domain name.")


class DomainIsAddress(FieldRefused):
    """An IP address, in any notation that some resolver understands."""

    code = 2123
    reason = "domain_is_address"
    title = _("Domain is an address")
    message = _("A domain is needed, not an IP address.")


class DomainIncomplete(FieldRefused):
    """A bare top-level domain or another public suffix (publicsuffix.org)."""

    code = 2124
    reason = "domain_incomplete"
    title = _("Domain incomplete")
    message = _("%(domain)s is shared by many; a name in front of it is needed.")


class DomainReserved(FieldRefused):
    """Under the base domain, but its first label belongs to the platform."""

    code = 2125
    reason = "domain_reserved"
    title = _("Domain reserved")
    message = _("The domain %(domain)s is reserved.")


class DomainConfusable(FieldRefused):
    """A label that mixes scripts, or imitates Latin letters (UTS 39)."""

    code = 2126
    reason = "domain_confusable"
    title = _("Domain confusable")
    message = _("The part %(label)s mixes or imitates alphabets and could deceive people.")


class DomainOfPlatform(FieldRefused):
    """The base domain, or a name under it that is not the tenant's own."""

    code = 2127
    reason = "domain_of_platform"
    title = _("Domain of the platform")
    message = _("The domain %(domain)s belongs to the platform.")


class DomainTaken(FieldRefused):
    """Another tenant is reached by it."""

    code = 2128
    kind = Kind.CONFLICT
    reason = "domain_taken"
    title = _("Domain taken")
    message = _("The domain %(domain)s is taken.")


class EmailEmpty(FieldRefused):
    """Nothing is left after trimming."""

    code = 2130
    reason = "email_empty"
    title = _("E-mail address missing")
    message = _("An e-mail address is needed.")


class EmailTooLong(FieldRefused):
    """More than 254 octets, or 64 before the at-sign (RFC 5321 section 4.5.3.1)."""

    code = 2131
    reason = "email_too_long"
    title = _("E-mail address too long")
    message = _("The e-mail address is too long.")


class EmailMalformed(FieldRefused):
    """Not an address by RFC 5321, 5322 and 6531."""

    code = 2132
    reason = "email_malformed"
    title = _("E-mail address malformed")
    message = _("This is not an e-mail address.")


class EmailUndeliverable(FieldRefused):
    """The domain cannot receive mail: special use (RFC 6761), or no mail server when that is asked."""

    code = 2133
    reason = "email_undeliverable"
    title = _("E-mail domain cannot receive mail")
    message = _("No mail can be delivered to %(domain)s.")


class PhoneEmpty(FieldRefused):
    """Nothing is left after trimming."""

    code = 2140
    reason = "phone_empty"
    title = _("Phone number missing")
    message = _("A phone number is needed.")


class PhoneMalformed(FieldRefused):
    """Other characters than digits, a leading plus and the usual separators, or not a number of any plan."""

    code = 2141
    reason = "phone_malformed"
    title = _("Phone number malformed")
    message = _("This is not a phone number.")


class PhoneRegionNeeded(FieldRefused):
    """A national number without a known region (ISO 3166-1 alpha-2)."""

    code = 2142
    reason = "phone_region_needed"
    title = _("Phone region needed")
    message = _("Start the number with + and the country code, or name its country.")


class PhoneNotAssigned(FieldRefused):
    """The numbering plan of its country has no such number."""

    code = 2143
    reason = "phone_not_assigned"
    title = _("Phone number not assigned")
    message = _("The numbering plan of its country has no such number.")
