"""What a production installation must not be: one rule per line, used by `check --deploy` and `config check`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from rustok.config import Config


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must not be so. `broken` looks at the values and at which layer set each."""

    id: str
    problem: str
    broken: Callable[[Config, Mapping[str, str]], bool]


RULES: Final = (
    Rule("rustok.E001", "debug is on: pages would show source code and settings", lambda c, _o: c.debug),
    Rule(
        "rustok.E002",
        "secret_key is not set: every restart would end all sessions and lose encrypted secrets",
        lambda _c, origin: origin["secret_key"] == "default",  # noqa: S105 - the name of a layer, not a secret
    ),
    Rule("rustok.E003", "webhook_allow is set: webhooks could reach this machine", lambda c, _o: bool(c.webhook_allow)),
    Rule("rustok.E004", "demo is on: anybody could fill its receiver", lambda c, _o: c.demo),
    Rule(
        "rustok.E005", "scheme is http: passwords and sessions would travel in clear", lambda c, _o: c.scheme != "https"
    ),
    Rule(
        "rustok.E006",
        "environment is not production",
        lambda c, _o: c.environment != "production",
    ),
    Rule(
        "rustok.E007",
        "base_domain is localhost: no shop could be reached from elsewhere",
        lambda c, _o: c.base_domain == "localhost",
    ),
)


def deployment_problems(values: Config, origin: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules that these values break."""
    return tuple(rule for rule in RULES if rule.broken(values, origin))
