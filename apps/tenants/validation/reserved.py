"""Names that the platform keeps for itself. Growing a list never touches tenants that exist: only creation asks."""

from __future__ import annotations

from typing import Final

# The 41 words of the original platform, by its own groups.
SYSTEM: Final = frozenset(
    {"api", "admin", "www", "app", "cdn", "assets", "static", "health", "metrics", "docs", "swagger"}
)
MAIL: Final = frozenset({"mail", "smtp", "pop", "imap", "ftp", "sftp", "ssh", "vpn"})
AUTHENTICATION: Final = frozenset({"auth", "login", "logout", "register", "signup", "signin"})
ENVIRONMENTS: Final = frozenset({"dev", "test", "staging", "prod", "production", "localhost"})
STORAGE: Final = frozenset({"db", "database", "cache", "redis", "postgres"})
SPECIAL: Final = frozenset({"root", "system", "internal", "private", "public"})
ORIGINAL: Final = SYSTEM | MAIL | AUTHENTICATION | ENVIRONMENTS | STORAGE | SPECIAL

# PostgreSQL's own schemas.
SCHEMAS: Final = frozenset({"information_schema", "public"})
SCHEMA_PREFIX: Final = "pg_"

# The first segment of every path that the platform serves on some host; a test compares it with the URL maps.
FIRST_SEGMENTS: Final = frozenset({"admin", "api", "demo", "health", "mcp", "media", "metrics", "ofrep", "static"})

RESERVED: Final = ORIGINAL | SCHEMAS | FIRST_SEGMENTS


def is_reserved(name: str) -> bool:
    """Whether a name (trimmed, lower case) belongs to the platform."""
    return name in RESERVED or name.startswith(SCHEMA_PREFIX)
