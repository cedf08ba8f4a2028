"""The signature base (RFC 9421 section 2): the text that is signed, made of the request as it arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, quote

from apps.security.signing.fields import SignatureFields, Unreadable


@dataclass(frozen=True, slots=True)
class Components:
    """What a signature may cover. `authority` has no default port; `fields` are META-style (`HTTP_X_NAME`)."""

    method: str
    scheme: str
    authority: str
    path: str
    query: str
    fields: Mapping[str, Any]

    def value(self, name: str, parameters: tuple[tuple[str, Any], ...]) -> str:
        """The value of one component (sections 2.1, 2.2); raises Unreadable for what is not there or not supported."""
        if name == "@query-param":
            return self._query_parameter(parameters)
        if parameters:
            raise Unreadable(f"parameters of {name} are not supported")
        if name.startswith("@"):
            return self._derived(name)
        key = name.upper().replace("-", "_")
        found = self.fields.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}")
        if found is None or "_" in name:  # a server turns x_name and x-name into one
            raise Unreadable(f"{name} is not in the request")
        return str(found).strip()

    @property
    def target(self) -> str:
        """Path and query as in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def _derived(self, name: str) -> str:
        derive = _DERIVED.get(name)
        if derive is None:
            raise Unreadable(f"{name} is not supported")
        return derive(self)

    def _query_parameter(self, parameters: tuple[tuple[str, Any], ...]) -> str:
        wanted = dict(parameters)
        if set(wanted) != {"name"}:
            raise Unreadable("@query-param needs a name and nothing else")
        pairs = parse_qsl(self.query, keep_blank_values=True)
        values = [value for name, value in pairs if quote(name, safe="") == wanted["name"]]
        if len(values) != 1:
            raise Unreadable("@query-param names no single parameter")
        return quote(values[0], safe="")


_DERIVED: Final[dict[str, Callable[[Components], str]]] = {
    "@method": lambda request: request.method,
    "@target-uri": lambda request: f"{request.scheme}://{request.authority}{request.target}",
    "@authority": lambda request: request.authority,
    "@scheme": lambda request: request.scheme,
    "@request-target": lambda request: request.target,
    "@path": lambda request: request.path,
    "@query": lambda request: f"?{request.query}",
}


def signature_base(fields: SignatureFields, components: Components) -> bytes:
    """The text to verify; raises Unreadable. Control characters and line breaks never get in (section 2.5)."""
    lines = []
    for name, parameters in fields.components:
        value = components.value(name, parameters)
        if not value.isascii() or (value and not value.replace("\t", " ").isprintable()):
            raise Unreadable(f"{name} holds characters that cannot be signed")
        lines.append(f"{_identifier(name, parameters)}: {value}")
    lines.append(f'"@signature-params": {fields.serialised}')
    return "\n".join(lines).encode("ascii")


def _identifier(name: str, parameters: tuple[tuple[str, Any], ...]) -> str:
    return f'"{name}"' + "".join(f';{key}="{value}"' for key, value in parameters)
