"""Knobs that operators set for one shop: names, types and limits are those of `rustok.config`, marked per tenant there.

    expires = now + timedelta(seconds=tenant_config().cart_ttl)

The overrides travel with the facts about the tenant (`TenantRef.overrides`), which every request, task and delivery
has in its context already: reading one costs no statement. Requests follow a change within the two seconds of the
tenant directory, machine work when it next takes up the tenant.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from math import isfinite
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from pydantic import TypeAdapter, ValidationError

from rustok.config import PER_TENANT, Config, config
from rustok.context import Overrides, current
from rustok.errors import FieldError
from rustok.errors.families import InvalidInput
from rustok.telemetry.logging import log_event

OVERRIDABLE: Final = tuple(name for name, field in Config.model_fields.items() if field.json_schema_extra == PER_TENANT)


def tenant_config() -> Config:
    """The configuration as it holds for the current tenant; the installation's outside of one. Microseconds."""
    tenant = current().tenant
    if tenant is None or not tenant.overrides:
        return config()
    return config().model_copy(update=dict(tenant.overrides))


def checked(values: Mapping[str, object]) -> dict[str, Any]:
    """The values in their types; raises InvalidInput that names each knob that is unknown, fixed, or out of its limits.

    Text is read as in the environment: `"900"` is a number.
    """
    found, wrong = {}, []
    for name, value in values.items():
        if name not in OVERRIDABLE:
            wrong.append(FieldError(f"/{name}", "unknown", _("There is no such knob per tenant.")))
            continue
        try:
            found[name] = _parsed(name, value)
        except ValidationError as error:
            wrong.append(FieldError(f"/{name}", "invalid", error.errors(include_input=False)[0]["msg"]))
            continue
        if not isfinite(found[name]):
            wrong.append(FieldError(f"/{name}", "invalid", _("Give a number.")))
    if wrong:
        raise InvalidInput(errors=wrong)
    return found


def overrides_of(stored: Mapping[str, object] | None) -> Overrides:
    """What was stored for a tenant, as it travels; what makes no sense any more is left out and logged."""
    found = []
    for name, value in sorted((stored or {}).items()):
        try:
            found.append((name, checked({name: value})[name]))
        except InvalidInput:
            log_event("config.override_ignored", level=logging.WARNING, knob=name)
    return tuple(found)


def _parsed(name: str, value: object) -> Any:
    return _adapter(name).validate_python(value if not isinstance(value, bool) else str(value))


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(Config.model_fields[name].rebuild_annotation())
