"""A host name that a tenant is reached by, in the form that DNS uses (A-labels, lower case, no trailing dot)."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import cache
from typing import Final

import idna
import tldextract

from apps.tenants.validation.errors import (
    DomainConfusable,
    DomainEmpty,
    DomainIncomplete,
    DomainIsAddress,
    DomainMalformed,
    DomainReserved,
    DomainTooLong,
)
from apps.tenants.validation.reserved import is_reserved
from apps.tenants.validation.validators.scripts import imitates_latin, mixes_scripts

MAX_DOMAIN: Final = 253
MAX_LABEL: Final = 63
_MAX_INPUT: Final = 1024  # mapping may shrink a text; beyond this nobody means a domain
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_NUMERIC_LABEL: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


def validate_domain(value: str, *, field: str = "domain", base_domain: str = "") -> str:
    """Return the name that DNS would be asked, or raise the reason against it.

    Mapped by UTS 46 (non-transitional), then checked by IDNA 2008. With `base_domain`, a name under it may not begin
    with a reserved word.

    >>> validate_domain("Bücher.Example")
    'xn--bcher-kva.example'
    """
    domain = _encoded(value.strip().removesuffix("."), field)
    if _looks_like_address(domain):
        raise DomainIsAddress(field=field)
    for label in domain.split("."):
        _refuse_deception(label, domain, field)
    if "." not in domain or domain == _public_suffix(domain):
        raise DomainIncomplete(field=field, domain=domain)
    first = domain.split(".", 1)[0]
    if base_domain and domain.endswith(f".{base_domain}") and is_reserved(first):
        raise DomainReserved(field=field, domain=domain)
    return domain


def _encoded(text: str, field: str) -> str:
    if not text:
        raise DomainEmpty(field=field)
    if len(text) > _MAX_INPUT:
        raise DomainTooLong(field=field)
    if text.startswith("[") or text.count(":") > 1:
        raise DomainIsAddress(field=field)
    try:
        domain = idna.encode(text, uts46=True, std3_rules=True, transitional=False).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        too_long = "too long" in str(error)
        raise (DomainTooLong if too_long else DomainMalformed)(field=field) from None
    if len(domain) > MAX_DOMAIN or any(len(label) > MAX_LABEL for label in domain.split(".")):
        raise DomainTooLong(field=field)
    if domain.endswith("."):  # a second dot, perhaps ideographic: an empty label
        raise DomainMalformed(field=field)
    _check_directions(domain, field)
    return domain


def _check_directions(domain: str, field: str) -> None:
    """RFC 5893 section 2: one right-to-left label makes the rule bind all labels; the library checks only that one."""
    if "xn--" not in domain:
        return
    labels = [idna.decode(label) for label in domain.split(".")]
    if not any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for label in labels for character in label):
        return
    try:
        for label in labels:
            idna.check_bidi(label, check_ltr=True)
    except idna.IDNAError:
        raise DomainMalformed(field=field) from None


def _looks_like_address(domain: str) -> bool:
    """Browsers and resolvers read a name whose last label is a number as IPv4 (WHATWG URL, "ends in a number")."""
    if _NUMERIC_LABEL.fullmatch(domain.rsplit(".", 1)[-1]):
        return True
    try:
        ipaddress.ip_address(domain)
    except ValueError:
        return False
    return True


def _refuse_deception(label: str, domain: str, field: str) -> None:
    if not label.startswith("xn--"):
        return
    readable = idna.decode(label)
    top = idna.decode(domain.rsplit(".", 1)[-1])
    if mixes_scripts(readable) or (top.isascii() and imitates_latin(readable)):
        raise DomainConfusable(field=field, label=readable)


@cache
def _suffixes() -> tldextract.TLDExtract:
    # The snapshot inside the package: validation must neither wait for a network nor change its mind between hosts.
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _public_suffix(domain: str) -> str:
    return _suffixes()(domain).suffix
