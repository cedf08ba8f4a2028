"""Where the process starts to speak: logs and error reports. Django's own logging set-up is off."""

from __future__ import annotations

from rustok.config import config
from rustok.telemetry import logging as _logging
from rustok.telemetry import sentry as _sentry

LOGGING_CONFIG = None
RUSTOK_HEALTH_SAMPLING = True  # a process that serves also watches; tests sample when they want to
_logging.configure(level=config().log_level, log_format=config().log_format)
_sentry.configure(dsn=config().sentry_dsn.get_secret_value(), environment=config().environment)
