"""`manage.py check --deploy`: Django's security checks plus the rules of this platform."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from rustok.config import config, provenance
from rustok.deployment import deployment_problems


@register(Tags.security, deploy=True)
def check_configuration(**_options: Any) -> list[CheckMessage]:
    """An error for every rule of a production installation that the configuration breaks."""
    return [Error(rule.problem, id=rule.id) for rule in deployment_problems(config(), provenance())]
