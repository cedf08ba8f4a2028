"""Logs, traces, metrics and error reports. The menu:

    log_event("order.placed", order_id=order.pk)      one JSON line with tenant, request and trace
    with span("orders.import"): ...                   a named piece of work; `@traced("...")` for a function
    continued(headers) / outgoing_headers()           the trace of a caller, and the one to send on

Importing this package configures nothing; the settings call `configure` of its modules. Headers of a trace are in
`propagation`, spans in `tracing` and `spans`, where they go in `provider`, `shipping`, `ring`; log lines in `logging`,
their copy for the consoles in `recent`.
"""

from rustok.telemetry.logging import get_logger, log_event
from rustok.telemetry.tracing import continued, outgoing_headers, span, traced

__all__ = ["continued", "get_logger", "log_event", "outgoing_headers", "span", "traced"]
