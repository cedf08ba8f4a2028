"""Rich text written by a tenant's staff, reduced to an allow-list: structure and links, no scripts, styles or forms."""

from __future__ import annotations

from typing import Final

import nh3

from apps.tenants.validation.sanitizers.text import sanitize_text

_BLOCKS: Final = {"blockquote", "dd", "dl", "dt", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "ul"}
_INLINE: Final = {
    "a",
    "abbr",
    "b",
    "br",
    "code",
    "del",
    "em",
    "i",
    "img",
    "ins",
    "s",
    "small",
    "strong",
    "sub",
    "sup",
    "u",
}
_TABLES: Final = {"table", "tbody", "td", "th", "thead", "tr"}
TAGS: Final = frozenset(_BLOCKS | _INLINE | _TABLES)
ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
_DROPPED_WITH_CONTENT: Final = frozenset({"script", "style", "template", "noscript", "title", "textarea"})


def sanitize_html(value: str) -> str:
    """Return HTML that is safe to place in a page's body. Idempotent; plain prose without `<` and `&` is unchanged.

    >>> sanitize_html('<p onclick="x()">Fresh <b>bread</b><script>x()</script></p>')
    '<p>Fresh <b>bread</b></p>'
    """
    once = _allowed(sanitize_text(value))
    decoded = sanitize_text(once)
    # References such as `&#1;` come out as the character itself. Without it "java&#1;script:" would be a scheme again,
    # so what changed is judged once more; a second pass meets no references any more.
    return once if decoded == once else _allowed(decoded)


def _allowed(markup: str) -> str:
    return nh3.clean(
        markup,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes=set(SCHEMES),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        link_rel="noopener noreferrer nofollow",
    )
