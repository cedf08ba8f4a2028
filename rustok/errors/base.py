"""`DomainError` and the registry of codes. Knows nothing of HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(StrEnum):
    """What class of refusal this is; each door maps a kind to its own vocabulary (HTTP status, exit code)."""

    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    INVALID = "invalid"
    UNPROCESSABLE = "unprocessable"
    CONFLICT = "conflict"
    NOT_FOUND = "not_found"
    METHOD = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    GONE = "gone"
    PRECONDITION = "precondition_failed"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"


class Severity(StrEnum):
    """How much an operator should care."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad place in the input: a JSON Pointer (RFC 6901), a stable word, a text for people."""

    pointer: str
    code: str
    message: str | Promise

    def as_dict(self) -> dict[str, str]:
        """Return the member of a problem's `errors` array, texts in the active language."""
        return {"pointer": self.pointer, "code": self.code, "message": str(self.message)}


_registry: dict[int, type[DomainError]] = {}


class DomainError(Exception):
    """A refusal that people and programs can act on.

    Subclasses that set `code` are registered in the catalogue; two classes with one code fail at import time.
    `context` holds the facts of this refusal: they fill `message` and reach the caller: no secrets.
    """

    code: ClassVar[int] = 5000
    kind: ClassVar[Kind] = Kind.INTERNAL
    severity: ClassVar[Severity] = Severity.ERROR
    retryable: ClassVar[bool] = False
    title: ClassVar[str | Promise] = _("Internal error")
    message: ClassVar[str | Promise] = _("Something went wrong on our side.")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register the class under its code."""
        super().__init_subclass__(**kwargs)
        if "code" not in vars(cls):
            return
        known = _registry.get(cls.code)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"error code {cls.code} is used by both {known.__qualname__} and {cls.__qualname__}")
        _registry[cls.code] = cls

    def __init__(
        self,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: float | None = None,
        **context: Any,
    ) -> None:
        """Remember the facts. `retry_after` is in seconds and becomes the `Retry-After` header."""
        super().__init__()
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.context: Mapping[str, Any] = MappingProxyType(context)

    @property
    def name(self) -> str:
        """The stable name of the error, as documented in the catalogue."""
        return type(self).__name__

    @property
    def detail(self) -> str:
        """The message in the active language, filled with this error's facts."""
        text = str(self.message)
        try:
            return text % self.context
        except (KeyError, TypeError, ValueError):
            return text

    def __str__(self) -> str:
        """One clear line for logs and the command line."""
        return f"{self.name}: {self.detail}"


def catalogue() -> tuple[type[DomainError], ...]:
    """Every documented error, in order of code."""
    return tuple(_registry[code] for code in sorted(_registry))
