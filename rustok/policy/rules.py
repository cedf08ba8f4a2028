"""When a row is somebody's own: one rule, read in two ways, as a filter for many rows and as a question about one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, Q, QuerySet

from rustok.context import ANONYMOUS, ExecutionContext

NOTHING: Final = Q(pk__in=())
Who = Callable[[ExecutionContext], object | None]


class Rule(Protocol):
    """Both readings must agree on every row and for every context; a property test compares them."""

    def where(self, context: ExecutionContext) -> Q:
        """The filter that keeps the own rows."""
        ...

    def holds(self, context: ExecutionContext, row: Any) -> bool:
        """Whether this row is an own one."""
        ...


def reference(context: ExecutionContext) -> str | None:
    """The actor as rows note it, `kind:id`; nobody's for the anonymous."""
    return None if context.actor == ANONYMOUS else context.actor.reference


def identity(kind: str) -> Who:
    """The actor's id as a key, for actors of this kind."""

    def who(context: ExecutionContext) -> object | None:
        if context.actor.kind != kind:
            return None
        try:
            return UUID(context.actor.id)
        except ValueError:
            return None

    return who


@dataclass(frozen=True, slots=True)
class OwnedBy:
    """The row names its owner in a column, or at the end of a path of foreign keys: `customer__account`."""

    path: str
    who: Who = reference

    def where(self, context: ExecutionContext) -> Q:
        """The rows whose path ends at the actor."""
        owner = self.who(context)
        return NOTHING if owner is None else Q(**{self.path: owner})

    def holds(self, context: ExecutionContext, row: Any) -> bool:
        """Walk the path; each foreign key that is not loaded yet costs a statement."""
        owner = self.who(context)
        try:
            for name in self.path.split("__"):
                row = getattr(row, name, None) if row is not None else None
        except ObjectDoesNotExist:  # a row that is about to be made may point nowhere
            return False
        return owner is not None and row == owner


@dataclass(frozen=True, slots=True)
class Through:
    """The row points at another by a plain column, and is owned by the other's owner."""

    column: str
    model: str
    rule: Rule

    def where(self, context: ExecutionContext) -> Q:
        """A subquery over the other rows."""
        return Q(**{f"{self.column}__in": self._others().filter(self.rule.where(context)).values("pk")})

    def holds(self, context: ExecutionContext, row: Any) -> bool:
        """Look the other row up: one statement."""
        other = self._others().filter(pk=getattr(row, self.column)).first()
        return other is not None and self.rule.holds(context, other)

    def _others(self) -> QuerySet[Model]:
        rows: QuerySet[Model] = apps.get_model(self.model)._default_manager.all()
        return rows


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Own by one rule or by another."""

    rules: tuple[Rule, ...]

    def where(self, context: ExecutionContext) -> Q:
        """Either filter."""
        found = NOTHING
        for rule in self.rules:
            found |= rule.where(context)
        return found

    def holds(self, context: ExecutionContext, row: Any) -> bool:
        """Either answer."""
        return any(rule.holds(context, row) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Holding:
    """The row's column has one of these values, whoever asks: for `Need`, not for what is own. Never for NULL."""

    column: str
    values: tuple[str, ...]

    def where(self, _context: ExecutionContext) -> Q:
        """The rows with such a value."""
        return Q(**{f"{self.column}__in": self.values})

    def holds(self, _context: ExecutionContext, row: Any) -> bool:
        """Look at the row."""
        return getattr(row, self.column) in self.values
