"""The sidebar, built from what is registered: a new page shows up by itself, for those who may see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Section(Enum):
    """The groups of the sidebar, in their order."""

    SALES = "sales"
    CATALOG = "catalog"
    TENANTS = "tenants"
    INTEGRATION = "integration"
    ACCESS = "access"
    OPERATIONS = "operations"

    @property
    def title(self) -> str | Promise:
        """The group's heading."""
        return _TITLES[self]


_TITLES: dict[Section, str | Promise] = {
    Section.SALES: _("Sales"),
    Section.CATALOG: _("Catalog"),
    Section.TENANTS: _("Tenants"),
    Section.INTEGRATION: _("Integration"),
    Section.ACCESS: _("Access"),
    Section.OPERATIONS: _("Operations"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """The sidebar's link to a page that belongs to no model; `name` is its URL name."""

    name: str
    title: str | Promise
    icon: str
    section: Section
    position: int
    permission: str

    def entry(self, path: str) -> dict[str, Any]:
        """The link, as seen from the page at `path`."""
        link = reverse(f"admin:{self.name}")
        return entry(title=self.title, link=link, icon=self.icon, active=path.startswith(link))


def entry(*, title: str | Promise, link: str, icon: str, active: bool) -> dict[str, Any]:
    """One link of the sidebar, in the shape that the templates read."""
    return {"title": title, "link": link, "icon": icon, "active": active, "has_permission": True}


def groups(entries: list[tuple[Section, int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The sidebar of (section, position, link) triples: sections in their order, links by position."""
    found: list[dict[str, Any]] = []
    for section in Section:
        items = [item for owner, _position, item in sorted(entries, key=lambda row: row[1]) if owner is section]
        if items:
            found.append({"title": section.title, "items": items})
    return found
