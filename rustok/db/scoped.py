"""QuerySets and instances that remember the scope they were made in and refuse to run in another (trap 57).

A lazy QuerySet is built here and evaluated there: without this guard a query of one tenant silently reads the other.
One built outside every scope (a class attribute, a form field) belongs to whoever first evaluates it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models

from rustok.context import current

M = TypeVar("M", bound=models.Model)


class CrossScopeUse(RuntimeError):
    """Rows or a query of one scope were used in another. Read inside the scope, pass ids or plain data out of it."""


class ScopedQuerySet(models.QuerySet[M]):
    """A QuerySet bound to the scope of its making. The check costs well under a microsecond per statement."""

    _scope: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scope = current().schema

    @property
    def db(self) -> str:
        """The database alias; every statement asks for it, so the scope is checked here."""
        self._check_scope()
        return super().db

    def _fetch_all(self) -> None:
        self._check_scope()  # rows that are already fetched belong to their scope as well
        super()._fetch_all()

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]  # Django's own hook, absent from the stubs
        clone._scope = self._scope or clone._scope
        return clone

    def _check_scope(self) -> None:
        scope = current().schema
        if self._scope is None:
            self._scope = scope
        elif scope is not None and scope != self._scope:
            raise CrossScopeUse(f"{self.model._meta.label}: query made in {self._scope}, used in {scope}")


ScopedManager = models.Manager.from_queryset(ScopedQuerySet)
"""The default manager of every `Entity`."""


class ScopedModel(models.Model):
    """A model whose instances know the scope they were made in; `rustok.db.router` asks before they are used."""

    _scope: str | None = None

    class Meta:
        """Abstract: adds no column."""

        abstract = True

    if not TYPE_CHECKING:  # to the type checker each model keeps the manager and constructor of its own fields
        objects = ScopedManager()

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._scope = current().schema


def check_instance(instance: object) -> None:
    """Raise CrossScopeUse when a row of one scope is saved, deleted, refreshed or followed in another.

    One made outside every scope gets the scope of its first use.
    """
    if not isinstance(instance, ScopedModel):
        return
    scope = current().schema
    if instance._scope is None:
        instance._scope = scope
    elif scope is not None and scope != instance._scope:
        raise CrossScopeUse(f"{instance._meta.label}: row of {instance._scope}, used in {scope}")
