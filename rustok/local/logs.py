"""Log files of the stack's processes: one per process, the last run kept as `.1`, capped while running."""

import shutil
from pathlib import Path
from typing import BinaryIO

LIMIT = 20 * 1024 * 1024  # bytes
LONGEST_LINE = 400  # characters shown of one line; a JSON traceback tells the error at its end


def open_log(path: Path, *, rotate: bool) -> BinaryIO:
    """Open a log to append to; with `rotate` the file of the run before becomes `<name>.1`."""
    if rotate and path.exists():
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab", buffering=0)


def cap(path: Path, limit: int = LIMIT) -> None:
    """Move the content of a log that outgrew `limit` bytes to `<name>.1`; its writer, who appends, goes on."""
    if path.exists() and path.stat().st_size > limit:
        shutil.copyfile(path, path.with_name(f"{path.name}.1"))
        with path.open("r+b") as handle:
            handle.truncate()


def tail(path: Path, lines: int = 15) -> str:
    """Return the last lines of a log, each cut to its end, for an error message."""
    try:
        with path.open("rb") as handle:
            handle.seek(max(0, path.stat().st_size - 16_384))
            text = handle.read().decode(errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join(_end(line) for line in text.splitlines()[-lines:])


def _end(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"… {line[-LONGEST_LINE:]}"
