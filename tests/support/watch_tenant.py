"""A process of its own that keeps asking its directory for a tenant: `python -m tests.support.watch_tenant <slug>`.

Prints one line per look-up, `<monotonic seconds> <status>`, until the tenant is suspended or 60 seconds are over.
"""

from __future__ import annotations

import os
import sys
import time

import django


def main(slug: str) -> None:
    """Look up and print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")
    django.setup()
    from apps.tenants.resolution.directory import directory

    until = time.monotonic() + 60
    status = ""
    while status != "suspended" and time.monotonic() < until:
        started = time.monotonic()
        status = directory().by_slug(slug).status
        print(started, status, flush=True)
        time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1])
