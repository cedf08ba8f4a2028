"""What an operator says about one event transport: a row of `RUSTOK_TRANSPORTS`. Values; `apps.events` acts on them."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

NAME: Final = r"^[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$"
PLATFORM: Final = "_platform"  # no slug of a tenant can be this
EVERYBODY: Final = "*"


class TransportSettings(BaseModel):
    """Where events are published to, which ones, and in which order. A plain text instead means only the URL.

    `logs`: slugs of tenants, `_platform` for the platform's own log, `*` for all of them. `key` decides what shares a
    partition. `cursors` is how many turns one log may have at work at once. Durations are in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: SecretStr
    topic: str = Field("rustok.events", pattern=NAME, max_length=100)
    partitions: int = Field(1, ge=1, le=1000)
    key: Literal["aggregate", "tenant"] = "aggregate"
    groups: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ("*",)
    logs: tuple[str, ...] = (EVERYBODY,)
    start: Literal["now", "beginning"] = "now"
    retention: float = Field(604_800.0, ge=1)
    cursors: int = Field(1, ge=1, le=64)

    @model_validator(mode="before")
    @classmethod
    def _only_a_url(cls, value: Any) -> Any:
        return {"url": value} if isinstance(value, str) else value

    def wants(self, log: str) -> bool:
        """Whether the log of this slug (or `_platform`) is published here."""
        return EVERYBODY in self.logs or log in self.logs
