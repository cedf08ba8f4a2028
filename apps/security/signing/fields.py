"""`Signature-Input` and `Signature` (RFC 9421 section 4) as one value, or the reason why they make none.

Nearly all clients write the fields in one plain way, which is also their canonical one (RFC 8941 section 4.1): two
patterns read it in a tenth of the time of the parser, and what was sent is what was signed, letter by letter. Whatever
they do not match is read by the parser, which alone says what is wrong.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import Any, Final

import http_sf
from http_sf import StructuredFieldError

MAX_LENGTH: Final = 4096
MAX_COMPONENTS: Final = 32
_TYPES: Final[dict[str, type]] = {
    "created": int, "expires": int, "nonce": str, "keyid": str, "alg": str, "tag": str,
}  # fmt: skip
_LABEL: Final = r"([a-z*][a-z0-9_.*-]*)"
_NAME: Final = r'"[a-z@][a-z0-9-]*"'
_VALUE: Final = r'(?:"[ !#-\[\]-~]*"|0|[1-9][0-9]{0,14})'
_PLAIN_INPUT: Final = re.compile(rf"{_LABEL}=(\(({_NAME}(?: {_NAME})*)\)((?:;[a-z]+={_VALUE})*))")
_PLAIN_PARAMETER: Final = re.compile(r';([a-z]+)=(?:"([^"]*)"|([0-9]+))')
_PLAIN_BYTES: Final = re.compile(rf"{_LABEL}=:((?:[A-Za-z0-9+/]{{4}})*(?:[A-Za-z0-9+/]{{2}}==|[A-Za-z0-9+/]{{3}}=)?):")


class Unreadable(ValueError):
    """The fields make no signature; the text is a short phrase for the caller."""


@dataclass(frozen=True, slots=True)
class SignatureFields:
    """One signature as it was sent. `parameters` keeps the sender's order, which is part of what is signed.

    `canonical` is `@signature-params` where it was sent in the canonical form, else empty.
    """

    label: str
    components: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]
    parameters: dict[str, Any]
    signature: bytes
    canonical: str = ""

    @property
    def covered(self) -> frozenset[str]:
        """Names of the components that are covered as a whole."""
        return frozenset(name for name, parameters in self.components if not parameters)

    @property
    def serialised(self) -> str:
        """The value of `@signature-params` (section 2.3)."""
        if self.canonical:
            return self.canonical
        inner: Any = ([(name, dict(parameters)) for name, parameters in self.components], self.parameters)
        return http_sf.ser([inner])


def read_signature(inputs: str, signatures: str) -> SignatureFields:
    """The one signature of the request; raises Unreadable. Several are refused: which one counts would be a guess."""
    plain = _plain(inputs, signatures)
    if plain is not None:
        return plain
    described, given = _dictionary(inputs, "Signature-Input"), _dictionary(signatures, "Signature")
    if set(described) != set(given):
        raise Unreadable("Signature-Input and Signature name different labels")
    if len(described) != 1:
        raise Unreadable("there must be exactly one signature")
    label, (members, parameters) = next(iter(described.items()))
    value, _ignored = given[label]
    if not isinstance(value, bytes):
        raise Unreadable("the signature is no byte sequence")
    return SignatureFields(label, _components(members), _parameters(parameters), value)


def plain_bytes(text: str) -> tuple[str, bytes] | None:
    """Key and value of a dictionary with one byte sequence, written plainly; None for everything else."""
    match = _PLAIN_BYTES.fullmatch(text) if len(text) <= MAX_LENGTH else None
    return (match[1], binascii.a2b_base64(match[2])) if match else None


def _plain(inputs: str, signatures: str) -> SignatureFields | None:
    """What plainly written fields say; None for everything that is written otherwise, or wrong."""
    given = plain_bytes(signatures)
    match = _PLAIN_INPUT.fullmatch(inputs) if len(inputs) <= MAX_LENGTH else None
    if given is None or match is None or match[1] != given[0]:
        return None
    names = match[3][1:-1].split('" "')
    said = _PLAIN_PARAMETER.findall(match[4])
    parameters = {name: int(number) if number else text for name, text, number in said}
    if len(set(names)) != len(names) or len(names) > MAX_COMPONENTS or len(parameters) != len(said):
        return None
    components = tuple((name, ()) for name in names)
    return SignatureFields(match[1], components, _parameters(parameters), given[1], canonical=match[2])


def _dictionary(text: str, field: str) -> dict[str, Any]:
    if not text or len(text) > MAX_LENGTH:
        raise Unreadable(f"{field} is missing or too long")
    try:
        parsed: Any = http_sf.parse(text.encode("ascii"), tltype="dictionary", on_duplicate_key=_refuse)
    except (StructuredFieldError, UnicodeEncodeError) as error:
        raise Unreadable(f"{field} is no structured field") from error
    found: dict[str, Any] = parsed
    return found


def _refuse(key: str, context: str) -> None:
    raise StructuredFieldError(f"{key} twice in a {context}")


def _components(members: Any) -> tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]:
    if not isinstance(members, list) or len(members) > MAX_COMPONENTS:
        raise Unreadable("Signature-Input is no list of components")
    found = []
    for name, parameters in members:
        if not isinstance(name, str) or name != name.lower():
            raise Unreadable("a component is no lower-case string")
        found.append((name, tuple(parameters.items())))
    if len({(name, frozenset(parameters)) for name, parameters in found}) != len(found):
        raise Unreadable("a component is named twice")
    return tuple(found)


def _parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    for name, value in parameters.items():
        expected = _TYPES.get(name)
        if expected is None:
            raise Unreadable("a parameter is unknown")
        if type(value) is not expected:
            raise Unreadable(f"{name} is of the wrong type")
    return parameters
