"""Where the process starts to speak: logs and error reports. Django's own logging set-up is off."""

from __future__ import annotations

import sys

from rustok.config import config
from rustok.telemetry import logging as _logging
from rustok.telemetry import provider as _provider
from rustok.telemetry import recent as _recent
from rustok.telemetry import sentry as _sentry
from rustok.telemetry import statements as _statements

LOGGING_CONFIG = None
# The demo receiver takes every event of every shop: in the trace of its sender, or in none.
RUSTOK_QUIET_PATHS = ("/demo/",)
RUSTOK_HEALTH_SAMPLING = True  # a process that serves also watches; tests sample when they want to
_logging.configure(level=config().log_level, log_format=config().log_format, burst=config().log_burst)
_sentry.configure(dsn=config().sentry_dsn.get_secret_value(), environment=config().environment)
# Commands and tests record nothing by themselves; their events still carry the trace.
_tracing = _provider.Tracing(
    ratio=config().trace_sample_ratio,
    buffer=config().trace_buffer,
    endpoint=config().otlp_endpoint,
    environment=config().environment,
)
_records = config().environment != "test" and not sys.argv[0].endswith("manage.py")
_provider.configure(_tracing if _records else None)
_recent.configure(on=_records and config().trace_buffer > 0)
_statements.configure(config().trace_statement_seconds if _records else None)
