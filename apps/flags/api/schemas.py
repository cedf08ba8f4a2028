"""What the flags' endpoints read and answer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.flags.evaluation import outcome
from apps.flags.queries import Audience, FlagView, ShopView
from apps.flags.registry import LONGEST_KEY
from apps.flags.targeting import MOST, People, Targeting
from rustok.api import Body, Out
from rustok.text import NON_BLANK, ONE_LINE

Key = Annotated[str, StringConstraints(max_length=LONGEST_KEY, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Role = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_KEY, pattern=NON_BLANK)]
Ids = Annotated[list[UUID], Field(max_length=MOST)]
Roles = Annotated[list[Role], Field(max_length=MOST)]
Keys = Annotated[list[Key], Field(max_length=MOST)]
Reason = Annotated[str, StringConstraints(max_length=255, pattern=ONE_LINE)]
Owner = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NON_BLANK)]
UnitName = Literal["tenant", "actor"]
Percent = Annotated[float, Field(ge=0, le=100, description="Rounded to one decimal.")]


class PeopleBody(Body):
    """Ids of users or keys, roles, and keys of audiences."""

    users: Ids = []
    groups: Roles = []
    audiences: Keys = []

    def as_people(self) -> People:
        """The service's form."""
        given = self.model_dump()
        return People(**{name: tuple(map(str, values)) for name, values in given.items()})


class AnyPeopleBody(PeopleBody):
    """As in a shop, and whole shops by their ids."""

    tenants: Ids = []


class ShopTargetingBody(Body):
    """Who has the flag in this shop. Give `enabled` or `percent` for those whom no list names, or neither."""

    enabled: bool | None = None
    percent: Percent | None = None
    on: PeopleBody = PeopleBody()
    off: PeopleBody = PeopleBody()
    reason: Reason = ""

    def as_targeting(self) -> Targeting:
        """The service's form."""
        return Targeting(enabled=self.enabled, percent=self.percent, on=self.on.as_people(), off=self.off.as_people())


class TargetingBody(Body):
    """Who has the flag. Give `enabled` or `percent` for those whom no list names, or neither."""

    enabled: bool | None = None
    percent: Percent | None = None
    on: AnyPeopleBody = AnyPeopleBody()
    off: AnyPeopleBody = AnyPeopleBody()

    def as_targeting(self) -> Targeting:
        """The service's form."""
        return Targeting(enabled=self.enabled, percent=self.percent, on=self.on.as_people(), off=self.off.as_people())


class CreateFlagBody(Body):
    """A flag that the code does not declare; off for everybody at first."""

    key: Key
    owner: Owner
    expires: date
    note: Annotated[str, StringConstraints(max_length=500, pattern=ONE_LINE)] = ""
    unit: UnitName = "actor"
    delegated: bool = True


class ChangeFlagBody(Body):
    """What to change."""

    owner: Owner | None = None
    expires: date | None = None
    note: Annotated[str, StringConstraints(max_length=500, pattern=ONE_LINE)] | None = None
    unit: UnitName | None = None
    delegated: bool | None = None
    killed: bool | None = None
    targeting: TargetingBody | None = None
    reason: Reason = ""


class CreateAudienceBody(Body):
    """A new list; `of` says what it is a list of."""

    key: Key
    of: UnitName = "actor"
    add: Annotated[list[UUID], Field(max_length=10_000)] = []


class ChangeAudienceBody(Body):
    """Ids to add and to take out."""

    add: Annotated[list[UUID], Field(max_length=10_000)] = []
    remove: Annotated[list[UUID], Field(max_length=10_000)] = []


class PeopleOut(Out):
    """Names of those meant."""

    users: list[str]
    groups: list[str]
    tenants: list[str]
    audiences: list[str]


class TargetingOut(Out):
    """One level of a flag."""

    enabled: bool | None
    percent: float | None
    on: PeopleOut
    off: PeopleOut


class ShopFlagOut(Out):
    """A flag in this shop. `value` is what the caller gets, `rule` why. `version` 0: the shop has set nothing."""

    key: str
    note: str
    delegated: bool
    killed: bool
    value: bool
    rule: str
    targeting: TargetingOut
    version: int


class FlagOut(Out):
    """A flag as operators see it. `version` 0: declared by the code, never touched."""

    key: str
    owner: str
    expires: date
    note: str
    unit: UnitName
    delegated: bool
    killed: bool
    targeting: TargetingOut
    version: int
    in_code: bool


class AudienceOut(Out):
    """A large list; the members are not given back."""

    key: str
    of: UnitName
    count: int
    version: int


class ShopFlagsOut(Out):
    """Every flag, by key."""

    results: list[ShopFlagOut]


class FlagsOut(Out):
    """Every flag, by key."""

    results: list[FlagOut]


class AudiencesOut(Out):
    """Every audience, by key."""

    results: list[AudienceOut]


_SHOP = ("key", "note", "delegated", "killed", "version")
_FLAG = (*_SHOP, "owner", "expires", "unit", "in_code")


def shop_flag_out(view: ShopView) -> dict[str, Any]:
    """The answer's shape, see ShopFlagOut."""
    found = outcome(view.key)
    facts = {name: getattr(view, name) for name in _SHOP}
    return {**facts, "value": found.value, "rule": found.rule, "targeting": view.targeting.as_dict()}


def flag_out(view: FlagView) -> dict[str, Any]:
    """The answer's shape, see FlagOut."""
    return {**{name: getattr(view, name) for name in _FLAG}, "targeting": view.targeting.as_dict()}


def audience_out(audience: Audience) -> dict[str, Any]:
    """The answer's shape, see AudienceOut."""
    return {name: getattr(audience, name) for name in AudienceOut.model_fields}
