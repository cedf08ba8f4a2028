"""Which alphabets a label uses, and whether that could deceive a reader (Unicode Technical Standard 39)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

COMMON: Final = "COMMON"
HAN: Final = "HAN"
# "Highly restrictive" of UTS 39 section 5.2: one script, or Latin beside the scripts of one East Asian language.
_ALLOWED_TOGETHER: Final = (
    frozenset({"LATIN", HAN, "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", HAN, "BOPOMOFO"}),
    frozenset({"LATIN", HAN, "HANGUL"}),
)
# Cyrillic letters that most fonts draw like Latin ones; a label of nothing else imitates a Latin word.
_LATIN_LOOKALIKES: Final = frozenset("асԁеһіјӏорԛѕԝхуъьҽпгѵѡ")
_HAN_NAMES: Final = ("CJK", "IDEOGRAPHIC", "KANGXI")


@lru_cache(maxsize=4096)
def script_of(character: str) -> str:
    """The script of a letter, from the first word of its Unicode name; digits, marks and signs are COMMON.

    The standard library has no script property; for the letters that IDNA allows the name says the same.
    """
    if unicodedata.category(character)[0] != "L":
        return COMMON
    name = unicodedata.name(character, "UNKNOWN")
    if name.startswith(_HAN_NAMES):
        return HAN
    return COMMON if "PROLONGED SOUND MARK" in name else name.split(" ", 1)[0].split("-", 1)[0]


def mixes_scripts(label: str) -> bool:
    """Whether the letters of the label come from scripts that no single language writes together."""
    scripts = {script_of(character) for character in label} - {COMMON}
    return len(scripts) > 1 and not any(scripts <= allowed for allowed in _ALLOWED_TOGETHER)


def imitates_latin(label: str) -> bool:
    """Whether every letter is a Cyrillic one that looks Latin, as in the well-known fake of `apple`."""
    letters = [character for character in label if script_of(character) != COMMON]
    return bool(letters) and all(character in _LATIN_LOOKALIKES for character in letters)
