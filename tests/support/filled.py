"""Rows of any model with as little as the database accepts, and rows that a policy's rule calls somebody's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import count
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import NOT_PROVIDED
from django.utils import timezone

from apps.events.models import Event
from rustok.context import ExecutionContext
from rustok.db.ids import new_id
from rustok.policy import AnyOf, OwnedBy, Rule, Through
from tests.support.commerce import make_customer

_numbers = count(1)
# What constraints ask for beyond types, by model.
NEEDS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "security.Role": lambda _given: {"grants": ["order:read"]},
    "security.TokenFamily": lambda given: {} if "api_key_id" in given else {"user_id": new_id()},
    "tenants.Tenant": lambda _given: {"schema_name": f"t_{next(_numbers):012x}"},
}


def _recorded() -> models.Model:
    """The log is written by units of work only."""
    make_customer()
    return Event.objects.order_by("-seq")[0]


MAKERS: dict[str, Callable[[], models.Model]] = {"events.Event": _recorded}


def filled(model: type[models.Model], **given: Any) -> Any:
    """A stored row. Foreign keys that are not given point nowhere: they are checked when a transaction ends."""
    if model._meta.label in MAKERS:
        return MAKERS[model._meta.label]()
    given = {**NEEDS.get(model._meta.label, lambda _given: {})(given), **given}
    named = {field.attname: _value(field) for field in model._meta.concrete_fields if _is_needed(field, given)}
    row = model(**named, **given)
    model._default_manager.bulk_create([row])
    return row


def owned(model: type[models.Model], rule: Rule, owner: ExecutionContext) -> Any:
    """A stored row that the rule calls the owner's, or nobody's for a nobody. One owner has one account."""
    if isinstance(rule, AnyOf):
        fits = [part for part in rule.rules if isinstance(part, OwnedBy) and part.who(owner) is not None]
        return owned(model, fits[0], owner) if fits else filled(model)
    if isinstance(rule, Through):
        other = owned(apps.get_model(rule.model), rule.rule, owner)
        return filled(model, **{rule.column: other.pk})
    assert isinstance(rule, OwnedBy), f"say here how to make a row that {rule} calls somebody's own"
    return _at(model, rule.path.split("__"), rule.who(owner))


def _at(model: type[models.Model], path: list[str], value: object) -> Any:
    first, *rest = path
    if value is None:
        return filled(model)
    if not rest:
        field = model._meta.pk if first == "pk" else model._meta.get_field(first.removesuffix("_id"))
        there = model._default_manager.filter(**{first: value}).first() if _is_unique(model, field) else None
        return there or filled(model, **{first: value})
    return filled(model, **{first: _at(model._meta.get_field(first).related_model, rest, value)})


def _is_unique(model: type[models.Model], field: models.Field) -> bool:
    alone = [c.fields for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    return field.unique or (field.name,) in alone


def _is_needed(field: models.Field, given: Mapping[str, Any]) -> bool:
    automatic = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    provided = field.default is not NOT_PROVIDED or field.db_default is not NOT_PROVIDED or field.generated
    named = {field.name, field.attname} & set(given) or (field.primary_key and "pk" in given)
    return not (named or field.null or automatic or provided)


def _value(field: models.Field) -> Any:
    number = next(_numbers)
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, (models.UUIDField, models.ForeignKey)):
        return new_id()
    if isinstance(field, models.DateTimeField):
        return timezone.now() + timedelta(seconds=number)
    if isinstance(field, models.DateField):
        return date(2030, 1, 1) + timedelta(days=number % 3000)
    if isinstance(field, ArrayField):
        return []
    if isinstance(field, models.JSONField):
        return {}
    if isinstance(field, models.BinaryField):
        return number.to_bytes(32, "big")
    if isinstance(field, (models.CharField, models.TextField)):
        return f"x{number}"[-(field.max_length or 50) :]
    return True if isinstance(field, models.BooleanField) else number % 30_000
