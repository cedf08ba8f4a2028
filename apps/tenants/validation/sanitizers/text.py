"""Plain text written by people: one Unicode form, nothing invisible that breaks pages, logs or the database.

Words are never judged: "a -- b" and "select a from b" survive. Parameterised SQL and escaped output are the defence.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LINE_ENDS: Final = re.compile(r"\r\n?|[\x85\u2028\u2029\x0b\x0c]")
# C0 and C1 controls but tab and newline, surrogates, noncharacters, the byte order mark, interlinear annotation, and
# the bidirectional embeddings, overrides and isolates, which can show a text in another order than it is stored. Plain
# direction marks, joiners and variation selectors stay: Arabic, Hebrew, Persian, Indic scripts and emoji need them.
_UNWANTED: Final = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
    "|[" + "".join(chr(plane << 16 | end) for plane in range(1, 17) for end in (0xFFFE, 0xFFFF)) + "]"
)
_WHITE: Final = re.compile(r"[\t\n]")


def sanitize_text(value: str, *, multiline: bool = True) -> str:
    """Return the text in NFC without control and bidirectional control characters.

    Line ends become newlines; with `multiline=False` newlines and tabs become spaces. Idempotent, and the identity for
    innocent text in NFC.

    >>> sanitize_text("a -- b")
    'a -- b'
    """
    text = _UNWANTED.sub("", _LINE_ENDS.sub("\n", value))
    if not multiline:
        text = _WHITE.sub(" ", text)
    return unicodedata.normalize("NFC", text)  # last: removing a character may bring a mark to its letter
