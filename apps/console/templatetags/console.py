"""Small questions that the list templates ask of Django's ChangeList."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.contrib.admin.views.main import PAGE_VAR
from django.utils.translation import gettext as _

from rustok import display

register = template.Library()


@register.simple_tag
def filter_choices(cl: Any, spec: Any) -> list[dict[str, Any]]:
    """The choices of one filter, each with its address."""
    return list(spec.choices(cl))


@register.simple_tag
def page_links(cl: Any) -> list[dict[str, Any]]:
    """The links of the pager; an entry without address is the gap between distant pages."""
    gap = cl.paginator.ELLIPSIS
    return [
        {
            "number": number,
            "current": number == cl.page_num,
            "url": None if number == gap else cl.get_query_string({PAGE_VAR: number}),
        }
        for number in cl.paginator.get_elided_page_range(cl.page_num, on_each_side=2, on_ends=1)
    ]


@register.filter
def moment(value: datetime | None) -> str:
    """A time for people (`rustok.display.moment`)."""
    return display.moment(value)


@register.filter
def actor_name(reference: str) -> str:
    """`user:<id>` shortened for tables: the kind and the end of a long id."""
    kind, _colon, name = reference.partition(":")
    return f"{kind}:…{name[-6:]}" if len(name) > 20 else reference


@register.simple_tag
def health_badge(status: str) -> str:
    """The state of a check or a surface: `pass`, `warn` or `fail`."""
    texts = {"pass": _("passes"), "warn": _("warns"), "fail": _("fails")}
    tones = {"pass": display.Badge.GOOD, "warn": display.Badge.WARN, "fail": display.Badge.BAD}
    return display.badge(texts[status], tones[status])
