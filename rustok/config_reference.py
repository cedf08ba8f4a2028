"""Every setting as text: docs/configuration.md, and the rows of `manage.py config show`. Secrets never appear."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from rustok.config import ENV_PREFIX, PER_TENANT, ROOT, Config
from rustok.telemetry.redaction import redact_text

PAGE: Final = ROOT / "docs" / "configuration.md"
_HIDDEN: Final = "********"
_HEAD: Final = """# Configuration

<!-- Written by `python manage.py config docs` from rustok/config.py. Change it there. -->

Every value is read once, when a process starts, from the first of these layers that has it:

1. the environment variable; a secret may also stand in a file that `RUSTOK_<NAME>_FILE` names,
2. `config/local.toml` (yours, not in git),
3. `config/default.toml` (shipped),
4. the default below.

A value that makes no sense stops the process with one clear line. `python manage.py config show` tells where each value
comes from, `python manage.py config check` what a production installation must change. Durations are in seconds, sizes
in bytes, lists are separated by commas. Names in the TOML files are the variable's without `RUSTOK_`, in lower case.

What says *per tenant* can be set for one shop by operators: `python manage.py config tenant set SLUG name=value`, on
the shop's page of the console, or at `/api/v1/tenants/{slug}/config/`. It holds for new requests within two seconds.

| variable | type | default | what it is |
|---|---|---|---|
"""


def page() -> str:
    """The reference page in Markdown."""
    rows = (
        f"| `{ENV_PREFIX}{name.upper()}` | {_type(field)} | {_default(field)} | {_description(field)} |"
        for name, field in Config.model_fields.items()
    )
    return _HEAD + "\n".join(rows) + "\n"


def shown(value: Any) -> Any:
    """A value as people may see it: secrets hidden, paths and tuples as plain data."""
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        return redact_text(text) if "://" in text else _HIDDEN if text else ""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {name: _member(member) for name, member in value.items()}
    return [shown(item) for item in value] if isinstance(value, tuple) else value


def _member(value: Any) -> Any:
    return value.model_dump(mode="json", exclude_unset=True) if isinstance(value, BaseModel) else value


def _type(field: FieldInfo) -> str:
    annotation = field.annotation
    choices = [choice for choice in get_args(annotation) if isinstance(choice, str)]
    if choices:
        return " or ".join(f"`{choice}`" for choice in choices)
    if annotation is SecretStr:
        return "secret"
    if get_origin(annotation) is dict:
        return "JSON object"
    bounds = ", ".join(text for text in map(_bound, field.metadata) if text)
    name = "list" if get_args(annotation) else getattr(annotation, "__name__", "text").lower()
    plain = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}.get(name, name)
    return f"{plain}, {bounds}" if bounds else plain


def _bound(limit: Any) -> str:
    for attribute, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
        if hasattr(limit, attribute):
            return f"{sign} {getattr(limit, attribute)}"
    return ""


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
        return f"`{value}`" if "://" in value else ("none" if not value else "a new one for each process")
    if isinstance(value, Path):
        return f"`{value.relative_to(ROOT)}/`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if value not in ((), "", {}) else "none"


def _description(field: FieldInfo) -> str:
    text = (field.description or "").replace("|", "\\|")
    return f"{text} *Per tenant.*" if field.json_schema_extra == PER_TENANT else text
