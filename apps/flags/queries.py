"""Reading flags for people: what is declared and what is stored, merged. The platform scope is opened here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from apps.flags.errors import FlagNotFound
from apps.flags.models import Audience, Flag, ShopTargeting
from apps.flags.registry import FlagSpec, declared
from apps.flags.targeting import Targeting
from apps.tenants.isolation import platform_scope

__all__ = ["Audience", "FlagView", "ShopView", "audiences", "flags", "get_flag", "get_shop_flag", "shop_flags"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagView:
    """A flag as operators see it. `version` 0: declared by the code, never touched."""

    key: str
    owner: str
    expires: date
    note: str
    unit: str
    delegated: bool
    killed: bool
    targeting: Targeting
    version: int
    in_code: bool

    def is_overdue(self, today: date) -> bool:
        """Whether it should have been taken out."""
        return self.expires < today


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopView:
    """A flag as one shop's staff sees it: its own targeting, and whether it may change it. `version` 0: none yet."""

    key: str
    note: str
    delegated: bool
    killed: bool
    targeting: Targeting
    version: int


def flags() -> list[FlagView]:
    """Every flag, by key. One statement."""
    with platform_scope("list flags"):
        rows = {row.name: row for row in Flag.objects.all()}
    specs = {spec.key: spec for spec in declared()}
    return [_view(rows.get(key), specs.get(key)) for key in sorted({*rows, *specs})]


def get_flag(key: str) -> FlagView:
    """One flag; raises FlagNotFound."""
    found = next((view for view in flags() if view.key == key), None)
    if found is None:
        raise FlagNotFound(key=key)
    return found


def shop_flags(tenant_id: UUID) -> list[ShopView]:
    """Every flag with the shop's own targeting, by key. Two statements."""
    with platform_scope("list a shop's flags"):
        own = {row.flag.name: row for row in ShopTargeting.objects.select_related("flag").filter(tenant_id=tenant_id)}
    return [_shop_view(view, own.get(view.key)) for view in flags()]


def get_shop_flag(key: str, tenant_id: UUID) -> ShopView:
    """One flag with the shop's own targeting; raises FlagNotFound."""
    found = next((view for view in shop_flags(tenant_id) if view.key == key), None)
    if found is None:
        raise FlagNotFound(key=key)
    return found


def audiences(tenant_id: UUID | None) -> list[Audience]:
    """The audiences of a shop, or of the platform."""
    with platform_scope("list audiences"):
        return list(Audience.objects.filter(tenant_id=tenant_id).defer("members"))


def _view(row: Flag | None, spec: FlagSpec | None) -> FlagView:
    if row is None:
        assert spec is not None
        return FlagView(
            key=spec.key,
            owner=spec.owner,
            expires=spec.expires,
            note=spec.note,
            unit=spec.unit.value,
            delegated=spec.delegated,
            killed=False,
            targeting=Targeting(),
            version=0,
            in_code=True,
        )
    return FlagView(
        key=row.name,
        owner=row.owner,
        expires=row.expires_on,
        note=row.note,
        unit=row.unit,
        delegated=row.delegated,
        killed=row.killed,
        targeting=row.level,
        version=row.version,
        in_code=spec is not None,
    )


def _shop_view(view: FlagView, own: ShopTargeting | None) -> ShopView:
    return ShopView(
        key=view.key,
        note=view.note,
        delegated=view.delegated,
        killed=view.killed,
        targeting=Targeting() if own is None else own.level,
        version=0 if own is None else own.version,
    )
