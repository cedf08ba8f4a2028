"""Databases, cache, broker."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import unquote, urlsplit

from rustok.config import config

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
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": config().database_pool_max,
        "timeout": config().database_pool_timeout,
        "max_lifetime": 1800.0,
        "max_idle": 300.0,
        # The pool's own retries double their distance up to minutes; given up early, the next request asks afresh, so
        # that a restarted server is noticed within two seconds.
        "reconnect_timeout": 2.0,
    }
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
