"""Databases, cache, broker."""

from __future__ import annotations

import sys
from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from rustok.config import ConfigurationError, config
from rustok.db.pool import pool_options

try:
    _asked = {name: str(value) for name, value in conninfo_to_dict(config().database_url.get_secret_value()).items()}
except ProgrammingError:  # its text may hold a part of the password
    raise ConfigurationError("configuration: database_url: is no address of a PostgreSQL server") from None
# Management commands run without the pool: a pool and forked migration workers hang (stock django-tenants #1123).
_MANAGEMENT = sys.argv[:1] and sys.argv[0].endswith("manage.py")
_milliseconds = int(config().database_statement_timeout * 1000)
_limits = "" if _MANAGEMENT else f"-c statement_timeout={_milliseconds} -c lock_timeout=5000"

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "rustok.db.backend",
        "NAME": _asked.pop("dbname", ""),
        "USER": _asked.pop("user", ""),
        "PASSWORD": _asked.pop("password", ""),
        "HOST": _asked.pop("host", ""),
        "PORT": _asked.pop("port", "5432"),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            **_asked,  # sslmode, target_session_attrs and whatever else the address says
            "connect_timeout": config().database_connect_timeout,
            "options": f"{_asked.get('options', '')} {_limits}".strip(),
        },
    }
}
if not _MANAGEMENT and config().environment != "test":
    DATABASES["default"]["OPTIONS"]["pool"] = pool_options(config())
DATABASE_ROUTERS = ("rustok.db.router.ScopeGuard", "django_tenants.routers.TenantSyncRouter")
TENANT_LIMIT_SET_CALLS = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": config().redis_url.get_secret_value(),
        "KEY_FUNCTION": "apps.tenants.isolation.cache_key",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}

WAFFLE_FLAG_MODEL = "flags.Flag"
WAFFLE_ENABLE_ADMIN_PAGES = False
RUSTOK_FLAG_DIR = config().data_dir / "flags"  # where the last known flags are kept for a cold start
RUSTOK_FLAG_POLLING = not _MANAGEMENT  # processes that serve follow changes; commands look when they read
