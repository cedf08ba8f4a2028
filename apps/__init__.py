"""One Django app per domain; `docs/architecture.md` tells the floors."""
