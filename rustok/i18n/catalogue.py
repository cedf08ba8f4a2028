"""The message catalogues: what the code says, what the translators answered, and whether that is complete.

A developer's tool: Babel is among the development requirements, production reads the compiled `django.mo` only.
`python -m rustok.i18n` brings `locale/` up to date after texts have changed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from rustok.config import ROOT

SOURCES: Final = ("rustok", "apps", "templates")
_KEYWORDS: Final[dict[str, tuple[int | tuple[int, str], ...] | None]] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)[a-z]|\{(\w*)\}|%[sd]")


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is wrong with a translation."""

    msgid: str
    problem: str


def template() -> Catalog:
    """Every translatable text of the code and the templates, with the files that say it."""
    found = Catalog(project="RusToK", charset="utf-8")
    for file in _files():
        name = file.relative_to(ROOT).as_posix()
        for _line, message, _comments, context in extract("python", _readable(file), keywords=_KEYWORDS):
            if message and message != "":
                found.add(message, locations=[(name, 0)], context=context)
    return found


def stored(language: str) -> Catalog:
    """The catalogue of a language as it lies in `locale/`."""
    with _path(language).open("rb") as source:
        return read_po(source, locale=language)


def refresh(language: str) -> list[Gap]:
    """Take new texts in, drop those that nobody says any more, compile; return what is left to translate."""
    catalogue = stored(language)
    catalogue.update(template(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    target = io.BytesIO()
    write_po(target, catalogue, width=110, sort_output=True, omit_header=False, include_lineno=False)
    _path(language).write_bytes(target.getvalue())
    _path(language).with_suffix(".mo").write_bytes(compiled(catalogue))
    return gaps(catalogue, template())


def compiled(catalogue: Catalog) -> bytes:
    """The binary form that is read at run time; the same input gives the same bytes."""
    target = io.BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def gaps(catalogue: Catalog, wanted: Catalog) -> list[Gap]:
    """What is missing or wrong: untranslated, fuzzy, plural forms left out, placeholders that differ."""
    found: list[Gap] = []
    for message in wanted:
        if not message.id:
            continue
        known = catalogue.get(_key(message), message.context)
        problem = "missing" if known is None else _problem(known, catalogue.num_plurals)
        if problem:
            found.append(Gap(str(_key(message)), problem))
    return found


def _problem(message: Message, plurals: int) -> str:
    """What is wrong with one translation; empty when nothing is."""
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if message.fuzzy:
        return "fuzzy"
    if not texts or not all(texts):
        return "untranslated"
    if message.pluralizable and len(texts) != plurals:
        return f"{len(texts)} of {plurals} plural forms"
    wanted = {frozenset(_placeholders(text)) for text in ids}
    if any(frozenset(_placeholders(text or "")) not in wanted for text in texts):
        return "other placeholders"
    return ""


def _placeholders(text: str) -> Iterator[str]:
    for match in _PLACEHOLDER.finditer(text):
        yield match[0]


def _key(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def _path(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def _files() -> Iterable[Path]:
    """Python and template files of the product, in a stable order."""
    for folder in SOURCES:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in {".py", ".html", ".txt"} and "migrations" not in file.parts and "data" not in file.parts:
                yield file


def _readable(file: Path) -> io.BytesIO:
    """Python as it is; a template as the calls of gettext that it amounts to, one per line."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        calls = re.findall(r"(?:\bn?p?gettext|\b_)\((?:[^()]|\([^()]*\))*\)", templatize(text))
        text = "\n".join(calls)
    return io.BytesIO(text.encode())
