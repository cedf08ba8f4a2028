"""Databases, cache, broker."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import unquote, urlsplit

from rustok.config import config
from rustok.db.pool import pool_options

_url = urlsplit(config().database_url.get_secret_value())
# Management commands run without the pool: a pool and forked migration workers hang (stock django-tenants #1123).
_MANAGEMENT = sys.argv[:1] and sys.argv[0].endswith("manage.py")
_milliseconds = int(config().database_statement_timeout * 1000)

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "rustok.db.backend",
        "NAME": unquote(_url.path.lstrip("/")),
        "USER": unquote(_url.username or ""),
        "PASSWORD": unquote(_url.password or ""),
        "HOST": _url.hostname or "",
        "PORT": str(_url.port or 5432),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "connect_timeout": config().database_connect_timeout,
            "options": "" if _MANAGEMENT else f"-c statement_timeout={_milliseconds} -c lock_timeout=5000",
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
