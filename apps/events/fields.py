"""A column that PostgreSQL numbers by itself and nobody can write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _BigInteger = models.BigIntegerField[int, int]
else:
    _BigInteger = models.BigIntegerField  # generic for the type checker only


class IdentityField(_BigInteger):
    """`bigint GENERATED ALWAYS AS IDENTITY` (cache 1: values are handed out in the order of asking)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Never part of a form."""
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave out what the constructor sets."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def db_type(self, connection: Any) -> str:  # noqa: ARG002 - Django's signature
        """The column's type in CREATE TABLE."""
        return "bigint GENERATED ALWAYS AS IDENTITY"

    def cast_db_type(self, connection: Any) -> str:  # noqa: ARG002 - Django's signature
        """The type of its values."""
        return "bigint"
