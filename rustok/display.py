"""How values look in the console: badges, moments, JSON. Nothing here reads the database.

Outside `rustok.admin`, because template tags load while Unfold is still being imported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince


class Badge(StrEnum):
    """The tone of a badge; each has a contrast of at least 4.5 to 1 in both themes (WCAG 2.2, 1.4.3)."""

    NEUTRAL = "neutral"
    INFO = "info"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


def badge(text: str | Promise, tone: Badge = Badge.NEUTRAL) -> SafeString:
    """A small coloured label; the text carries the meaning, the colour only repeats it."""
    return format_html('<span class="rk-badge rk-badge-{}">{}</span>', tone.value, text)


def moment(value: datetime | None) -> SafeString | str:
    """A time for people: how long ago, with the exact one as title and in `datetime`."""
    if value is None:
        return "—"
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}" class="rk-time">{}</time>',
        value.isoformat(),
        f"{local:%Y-%m-%d %H:%M:%S %Z}",
        date_format(local, "j M Y, H:i"),
    )


def age(value: datetime | None, *, now: datetime | None = None) -> str:
    """How long ago, in the two largest units, as in "2 hours, 5 minutes"."""
    return "—" if value is None else timesince(value, now)


def json_view(value: Any, *, label: str | Promise) -> SafeString:
    """A JSON document, indented, in a region that scrolls by keyboard too."""
    data = dict(value) if isinstance(value, Mapping) else value
    text = json.dumps(data, indent=2, ensure_ascii=False, sort_keys=False, default=str)
    return format_html('<pre class="rk-json" tabindex="0" role="region" aria-label="{}">{}</pre>', label, text)
