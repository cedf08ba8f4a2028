"""Whom a level of a flag is for, as data: what is stored, sent over REST and compiled by `rules`.

A level is the operators' or one shop's. Lists say who has the flag (`on`) and who has not (`off`); `enabled` and
`percent` say what holds for the rest. Nothing here knows the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.flags.registry import KEY, LONGEST_KEY
from rustok.text import clean, refuse

MOST: Final = 200  # names in one list; more belong into an audience


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Names of those meant: ids of users or keys, roles, tenants (ids), audiences (keys)."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Targeting:
    """One level. `enabled` None and `percent` None: this level has no opinion about the rest.

    `percent` is 0 to 100, rounded to one decimal, and needs `enabled` None.
    """

    enabled: bool | None = None
    percent: float | None = None
    on: People = field(default_factory=People)
    off: People = field(default_factory=People)

    @property
    def word(self) -> str:
        """The level in a word or two: `on`, `off`, `12.5 %`, `-`, with a `+` when lists say more."""
        rest = {True: "on", False: "off", None: "-" if self.percent is None else f"{self.percent:g} %"}[self.enabled]
        return rest if self.on == self.off == People() else f"{rest} +"

    def as_dict(self) -> dict[str, Any]:
        """The stored form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Targeting:
        """Read the stored form; what is missing is empty."""
        lists = {side: People(**_lists(stored.get(side) or {})) for side in ("on", "off")}
        return cls(enabled=stored.get("enabled"), percent=stored.get("percent"), **lists)


def _lists(stored: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {item.name: tuple(stored.get(item.name) or ()) for item in fields(People)}


def checked(given: Targeting, *, of_shop: bool) -> Targeting:
    """The targeting in normal form; raises InvalidInput with the place of each kind of mistake."""
    if given.percent is not None:
        _check_percent(given)
    if of_shop and (given.on.tenants or given.off.tenants):
        raise refuse("on/tenants", "not_here", _("A shop targets its own people only."))
    percent = None if given.percent is None else round(float(given.percent), 1)
    return Targeting(enabled=given.enabled, percent=percent, on=_people(given.on, "on"), off=_people(given.off, "off"))


def _check_percent(given: Targeting) -> None:
    percent = given.percent
    assert percent is not None
    if type(percent) not in {int, float} or not 0 <= percent <= 100:
        raise refuse("percent", "out_of_range", _("Between %(least)s and %(most)s.") % {"least": 0, "most": 100})
    if given.enabled is not None:
        raise refuse("percent", "contradiction", _("Give a percentage or on/off for everybody, not both."))


def _people(given: People, side: str) -> People:
    return People(
        users=_ids(given.users, f"{side}/users"),
        tenants=_ids(given.tenants, f"{side}/tenants"),
        groups=_names(given.groups, f"{side}/groups"),
        audiences=_names(given.audiences, f"{side}/audiences", keys=True),
    )


def _ids(given: tuple[str, ...], place: str) -> tuple[str, ...]:
    _check_length(given, place)
    try:
        return tuple(dict.fromkeys(str(UUID(text)) for text in given))
    except (ValueError, AttributeError, TypeError):
        raise refuse(place, "id", _("Each must be the id of a thing (UUID).")) from None


def _names(given: tuple[str, ...], place: str, *, keys: bool = False) -> tuple[str, ...]:
    _check_length(given, place)
    tidy = tuple(dict.fromkeys(clean(text, field=place, longest=LONGEST_KEY) for text in given))
    if keys and not all(map(KEY.fullmatch, tidy)):
        raise refuse(place, "key", _("Lower-case words joined by hyphens."))
    return tidy


def _check_length(given: tuple[str, ...], place: str) -> None:
    if len(given) > MOST:
        raise refuse(place, "count", _("At most %(most)s; put more into an audience.") % {"most": MOST})
