"""`@operation`: everything that is true of an endpoint, said once, above its handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.utils.functional import Promise
from pydantic import BaseModel

from rustok.api.models import Query
from rustok.api.paging import PageQuery, is_page
from rustok.errors import DomainError
from rustok.errors.families import VersionConflict
from rustok.operations import AUTHENTICATED, PUBLIC, Criticality, Operation, declare
from rustok.policy import is_permission

F = TypeVar("F", bound=Callable[..., Any])
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Declaration:
    """One endpoint operation as declared. `body` None means that no body is read.

    `permission` is `resource:action`, AUTHENTICATED or PUBLIC; with `own` a grant for own rows opens the door too, and
    the handler or its service must ask a guard about each row; `answer` is a pydantic model or `Page[...]`, None for
    204; `cost` is taken from the rate limit (default 1, 2 for writes); what `fails_closed` is refused while limits
    cannot be checked; what `writes` (by default all but GET) is refused in Minimal mode; `errors` add to those of every
    operation; `also` maps statuses of foreign protocols to models.
    """

    name: str
    method: str
    permission: str
    criticality: Criticality
    body: type[BaseModel] | None
    query: type[BaseModel]
    answer: Any
    status: int
    errors: tuple[type[DomainError], ...]
    idempotent: bool
    summary: str | Promise
    description: str
    example: Any
    cost: int
    fails_closed: bool
    writes: bool
    own: bool
    also: Mapping[int, Any]

    @property
    def is_public(self) -> bool:
        """Whether no credential is needed."""
        return self.permission == PUBLIC

    @property
    def resource(self) -> str:
        """What it is about: the first word of the permission."""
        return self.permission.partition(":")[0]

    @property
    def action(self) -> str:
        """What is done with it: the second word of the permission."""
        return self.permission.partition(":")[2]

    @property
    def reads_version(self) -> bool:
        """Whether `If-Match` means something here."""
        return VersionConflict in self.errors


def operation(
    name: str,
    *,
    permission: str,
    criticality: Criticality,
    summary: str | Promise = "",
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    answer: Any = None,
    status: int = 200,
    errors: tuple[type[DomainError], ...] = (),
    idempotent: bool = False,
    example: Any = None,
    cost: int | None = None,
    fails_closed: bool = False,
    writes: bool | None = None,
    own: bool = False,
    also: Mapping[int, Any] | None = None,
) -> Callable[[F], F]:
    """Declare the handler `get`, `post`, `put`, `patch` or `delete` of an `Endpoint`; see `Declaration`."""
    _check(name, permission, body, query)

    def mark(handler: F) -> F:
        method = handler.__name__.upper()
        changes = method not in SAFE if writes is None else writes
        declare(Operation(name, "endpoint", permission, criticality, writes=changes))
        declared = Declaration(
            name=name,
            method=method,
            permission=permission,
            criticality=criticality,
            body=body,
            query=query or (PageQuery if is_page(answer) else Query),
            answer=answer,
            status=204 if answer is None and status == 200 else status,
            errors=errors,
            idempotent=idempotent,
            summary=summary,
            description=(handler.__doc__ or "").strip(),
            example=example,
            also=also or {},
            cost=cost if cost is not None else 2 if changes else 1,
            fails_closed=fails_closed,
            writes=changes,
            own=own,
        )
        handler.declaration = declared  # type: ignore[attr-defined]  # read back by Endpoint.__init_subclass__
        return handler

    return mark


def _check(name: str, permission: str, *models: type[BaseModel] | None) -> None:
    if permission not in {PUBLIC, AUTHENTICATED} and not is_permission(permission):
        raise ValueError(f"{name}: {permission!r} is no permission")
    for model in models:
        if model is not None and model.model_config.get("extra") != "forbid":
            raise TypeError(f"{name}: {model.__name__} must forbid unknown members; derive it from Body or PageQuery")
