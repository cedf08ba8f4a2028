"""`python -m rustok.i18n`: bring every catalogue up to date and say what is left to translate."""

from __future__ import annotations

import sys
from typing import Final

from rustok.i18n.catalogue import refresh

LANGUAGES: Final = ("ru",)


def main() -> int:
    """Refresh all languages; 1 when texts are left to translate."""
    left = 0
    for language in LANGUAGES:
        for gap in refresh(language):
            left += 1
            sys.stdout.write(f"{language}: {gap.problem}: {gap.msgid!r}\n")
    sys.stdout.write(f"{left} texts left to translate\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
