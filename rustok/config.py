"""Typed configuration: environment `RUSTOK_*` > `config/local.toml` > `config/default.toml` > the defaults below.

A secret may stand in a file instead: `RUSTOK_SECRET_KEY_FILE=/run/secrets/key` counts as the environment.

Read once per process, frozen, shared. `provenance()` tells for each value which layer set it; secrets are `SecretStr`
and never print. A wrong value stops the process at start with one clear line.
"""

from __future__ import annotations

import json
import os
import secrets
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from rustok.once import Once
from rustok.transport_settings import TransportSettings

ROOT: Final = Path(__file__).resolve().parent.parent
ENV_PREFIX: Final = "RUSTOK_"
_EPHEMERAL: Final = secrets.token_urlsafe(48)

PER_TENANT: Final[dict[str, Any]] = {"tenant": True}
"""Marks a knob that operators may set for one shop (`rustok.tenant_config`)."""

CommaList = Annotated[tuple[str, ...], NoDecode]


class DependencySettings(BaseModel):
    """The guards around one outbound dependency. Durations are in seconds, rates are shares; see rustok/resilience."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: float = Field(5.0, gt=0, le=300)
    concurrent: int = Field(25, ge=1, le=10_000)
    concurrent_wait: float = Field(0.5, ge=0, le=60)
    attempts: int = Field(1, ge=1, le=10)
    retry_strategy: Literal["fixed", "linear", "exponential"] = "exponential"
    retry_base: float = Field(0.2, gt=0, le=60)
    retry_cap: float = Field(5.0, gt=0, le=600)
    retry_jitter: float = Field(0.1, ge=0, le=1)
    retry_budget: float = Field(0.1, ge=0, le=1)
    window: Literal["consecutive", "count", "time"] = "consecutive"
    failures: int = Field(5, ge=1)
    successes: int = Field(2, ge=1)
    open_seconds: float = Field(60.0, gt=0)
    size: int = Field(100, ge=1, le=10_000)
    minimum_calls: int = Field(10, ge=1)
    failure_rate: float = Field(0.5, gt=0, le=1)
    slow_rate: float = Field(1.0, gt=0, le=1)
    slow_seconds: float | None = Field(None, gt=0)


class Config(BaseSettings):
    """Every knob of the platform. Durations are in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid", validate_default=True)

    environment: Literal["development", "test", "production"] = Field(
        "development", description="What this deployment is; production refuses to start with development secrets."
    )
    debug: bool = Field(False, description="Django's debug mode. Never in production.")
    secret_key: SecretStr = Field(
        SecretStr(_EPHEMERAL), description="Signs sessions and encrypts secrets at rest. At least 32 characters."
    )
    secret_key_fallbacks: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Former secret keys, newest first: what was sealed under them still opens."
    )
    base_domain: str = Field("localhost", description="The platform host; tenants live on `<slug>.<base domain>`.")
    port: int = Field(8000, ge=1, le=65535, description="The public port.")
    scheme: Literal["http", "https"] = Field("http", description="Scheme of public addresses; https turns HSTS on.")
    data_dir: Path = Field(ROOT / ".rustok", description="Data of the embedded stack, demo credentials, logs.")
    database_url: SecretStr = Field(
        SecretStr("postgresql://rustok@127.0.0.1:5432/rustok"), description="The PostgreSQL server."
    )
    bus_depth: int = Field(10_000, ge=1, description="Most deliveries of the in-process bus that wait or run.")
    bus_warning: float = Field(0.7, gt=0, lt=1, description="Share of `bus_depth` from which the bus warns.")
    bus_critical: float = Field(
        0.9, gt=0, le=1, description="Share of `bus_depth` above which it refuses; greater than `bus_warning`."
    )
    database_pool_max: int = Field(16, ge=1, le=500, description="Most connections of one process.")
    database_pool_min: int = Field(1, ge=0, le=500, description="Connections of one process that are kept open.")
    database_pool_max_lifetime: float = Field(1800.0, gt=0, description="Age at which a connection is replaced.")
    database_pool_max_idle: float = Field(
        300.0, gt=0, description="Idle time after which a spare connection is closed."
    )
    database_pool_health_interval: float = Field(
        30.0, ge=0, description="How often idle connections are asked whether they live; 0: only when they are taken."
    )
    database_pool_timeout: float = Field(5.0, gt=0, le=60, description="Longest wait for a connection.")
    database_statement_timeout: float = Field(15.0, gt=0, description="Longest statement of web and worker.")
    database_connect_timeout: int = Field(3, ge=1, le=60, description="Longest wait for a new connection.")
    broker_url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/0"), description="Celery's broker.")
    redis_url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/1"), description="The cache.")
    trusted_proxies: CommaList = Field((), description="Networks (CIDR) whose forwarded headers are believed.")
    webhook_allow: CommaList = Field(
        (), description="Loopback receivers (host:port) that webhooks may reach; for demo and tests only."
    )
    cart_ttl: float = Field(
        1800.0,
        gt=0,
        le=86_400,
        json_schema_extra=PER_TENANT,
        description="How long a cart lives without a change, and what it holds with it.",
    )
    cart_lifetime: float = Field(
        86_400.0,
        gt=0,
        le=31_536_000,
        json_schema_extra=PER_TENANT,
        description="Longest life of a cart, however often it is changed.",
    )
    webhook_timeout: float = Field(
        5.0, gt=0, le=60, json_schema_extra=PER_TENANT, description="Longest wait for one webhook answer."
    )
    projection_pause: float = Field(
        0.25,
        ge=0,
        le=60,
        json_schema_extra=PER_TENANT,
        description="Least seconds between two turns of a read model; what comes meanwhile waits.",
    )
    event_retention_days: int = Field(
        0,
        ge=0,
        le=36_500,
        json_schema_extra=PER_TENANT,
        description="Delivered events older than this are removed from the logs; 0 keeps them all.",
    )
    admission_limit: int = Field(8, ge=1, le=1000, description="Requests that one web process works on at once.")
    admission_waiting: int = Field(
        120, ge=0, le=1000, description="Requests that may wait for a place; the server needs more threads than both."
    )
    service_modes: bool = Field(
        True, description="Whether processes follow service modes, measured or decided by an operator."
    )
    breaker_store: Literal["redis", "postgresql", "local"] = Field(
        "redis", description="Where circuit breakers share their state; local means one process alone."
    )
    dependencies: dict[str, DependencySettings] = Field(
        {}, description="Guards of outbound calls by dependency, as JSON; what is not named keeps its default."
    )
    transports: dict[str, TransportSettings] = Field(
        {}, description="Brokers that events are published to, by name, as JSON; a text is a URL alone."
    )
    certificate_file: Path | None = Field(
        None, description="The certificate (PEM) that the proxy in front serves; health warns before it ends."
    )
    secret_max_age_days: int = Field(
        365, ge=1, le=36_500, description="Age from which health warns about a file that holds a secret."
    )
    body_limit: int = Field(1_048_576, ge=1024, description="Largest request body.")
    trust_store: Literal["auto", "valkey", "postgresql"] = Field(
        "auto", description="Where rate limits and nonces live; auto is Valkey when redis_url is set."
    )
    rate_limit: bool = Field(True, description="Whether requests are limited by tenant, credential and route.")
    rate_per_tenant: int = Field(
        240_000, ge=1, le=60_000_000, json_schema_extra=PER_TENANT, description="Cost units of one tenant in a minute."
    )
    rate_per_key: int = Field(
        120_000,
        ge=1,
        le=60_000_000,
        json_schema_extra=PER_TENANT,
        description="Cost units of one credential in a minute.",
    )
    rate_per_route: int = Field(
        120_000, ge=1, le=60_000_000, json_schema_extra=PER_TENANT, description="The same, on one route."
    )
    address_rate: int = Field(
        1_000, ge=0, description="Requests per second and process that one address may send; 0 turns the check off."
    )
    signature_max_age: int = Field(300, ge=5, le=3600, description="How long after its creation a signature is good.")
    signature_skew: int = Field(30, ge=0, le=300, description="How far ahead a signer's clock may be.")
    access_token_ttl: int = Field(600, ge=300, le=900, description="How long an access token is good.")
    refresh_token_ttl: int = Field(
        1_209_600, ge=900, le=31_536_000, description="How long a refresh token is good that nobody uses."
    )
    token_family_ttl: int = Field(
        7_776_000, ge=900, le=31_536_000, description="Age at which service tokens end, however often refreshed."
    )
    token_issuer: str = Field("", description="`iss` of access tokens; by default the platform's public address.")
    session_idle: float = Field(7200.0, ge=60, le=2_592_000, description="How long a console session may go unused.")
    session_lifetime: float = Field(
        86_400.0, ge=60, le=2_592_000, description="Age at which a console session ends, however much it is used."
    )
    step_up_seconds: float = Field(
        600.0, ge=10, le=86_400, description="How long after proving who they are people may change how they sign in."
    )
    lockout_attempts: int = Field(
        5, ge=1, le=1000, description="Wrong passwords in a row under one name before each further one costs a wait."
    )
    lockout_address_attempts: int = Field(
        30, ge=1, le=100_000, description="The same, from one address (IPv6: one /64) under any names."
    )
    lockout_base: float = Field(30.0, gt=0, le=3600, description="The first wait; each further failure doubles it.")
    lockout_cap: float = Field(900.0, gt=0, le=86_400, description="The longest wait.")
    leaked_passwords: Path | None = Field(
        None, description="Sorted list of SHA-1 digests of leaked passwords, one a line; such passwords are refused."
    )
    break_glass_minutes: int = Field(
        60, ge=1, le=60, description="Longest visit of an operator to a shop's console, in minutes."
    )
    oidc_issuer: str = Field(
        "", description="OpenID provider that operators may sign in with (its issuer URL); empty: passwords only."
    )
    oidc_client_id: str = Field("", description="What the provider calls this platform.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Empty for a public client (PKCE alone).")
    oidc_label: str = Field("", description="What the button says; by default the provider's host.")
    oidc_scopes: str = Field("openid email profile", description="What the provider is asked for.")
    oidc_groups_claim: str = Field("groups", description="The claim of the ID token that lists a person's groups.")
    oidc_roles: dict[str, str] = Field(
        {}, description="Roles of operators by group, as JSON, the first that fits; empty: only known people sign in."
    )
    oidc_domains: CommaList = Field((), description="E-mail domains whose people may sign in; empty: any.")
    tenant_cache_ttl: float = Field(60.0, gt=0, description="How long a resolved host may be remembered.")
    tenant_negative_ttl: float = Field(10.0, gt=0, description="How long an unknown host may be remembered.")
    audit_key_file: Path | None = Field(
        None, description="The Ed25519 key (PEM) that signs audit checkpoints; by default made in the data directory."
    )
    audit_checkpoint_dir: Path | None = Field(
        None, description="Where audit checkpoints are kept; by default in the data directory. Best on another machine."
    )
    audit_retention_days: int = Field(
        0, ge=0, le=36_500, description="Chained audit entries older than this move to sealed files; 0 keeps them all."
    )
    audit_archive_dir: Path | None = Field(
        None, description="Where sealed files of old audit entries go; by default in the data directory."
    )
    self_audit_address: str = Field(
        "",
        pattern=r"^$|^.+:[0-9]{1,5}$",
        description="Where the self-audit asks, host:port; empty: this machine's port.",
    )
    log_format: Literal["json", "pretty"] = Field("json", description="Log lines for machines or for eyes.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    log_burst: int = Field(
        500,
        ge=0,
        description="Lines of one event that a process logs in a second, the rest is counted; 0: all of them.",
    )
    sentry_dsn: SecretStr = Field(SecretStr(""), description="Error reports; empty turns them off.")
    trace_sample_ratio: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Share of the traces that begin here and are recorded; callers decide about theirs.",
    )
    trace_buffer: int = Field(
        2_000, ge=0, le=100_000, description="Traces, with their log lines, that the consoles can show; 0 keeps none."
    )
    trace_statement_seconds: float = Field(
        0.05, ge=0, description="Database statements that take at least so long become spans; 0: all of them."
    )
    otlp_endpoint: str = Field(
        "",
        description="Base URL of an OpenTelemetry collector (OTLP over HTTP); OTEL_EXPORTER_OTLP_ENDPOINT counts too.",
    )
    demo: bool = Field(False, description="Serve the demo receiver and its page on the platform host.")
    demo_baskets: int = Field(400, ge=0, description="Baskets of each store that the demo loads (it has 400).")

    @field_validator("trusted_proxies", "webhook_allow", "secret_key_fallbacks", "oidc_domains", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return tuple(value) if isinstance(value, list) else value

    @field_validator("bus_critical")
    @classmethod
    def _warn_before_refusing(cls, value: float, info: ValidationInfo) -> float:
        if value <= info.data.get("bus_warning", 0.0):
            raise ValueError("must be greater than bus_warning")
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Layers, strongest first."""
        return (init_settings, env_settings)

    def public_url(self, host: str) -> str:
        """The address under which `host` is served, without a trailing slash."""
        standard = {"http": 80, "https": 443}[self.scheme]
        return f"{self.scheme}://{host}" + ("" if self.port == standard else f":{self.port}")


class ConfigurationError(SystemExit):
    """The configuration cannot be used. Its text is one line per wrong value, without the value of secrets."""


def _layers() -> tuple[tuple[str, dict[str, Any]], ...]:
    files = (ROOT / "config" / "local.toml", ROOT / "config" / "default.toml")
    return tuple((str(file.relative_to(ROOT)), _toml(file)) for file in files)


def _toml(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"configuration: {file.name}: {error}") from error


def _holds_secrets(name: str) -> bool:
    annotation = Config.model_fields[name].annotation
    return annotation is SecretStr or SecretStr in get_args(annotation) or name == "transports"


def secret_files() -> dict[str, Path]:
    """Which file holds which secret: `RUSTOK_<NAME>_FILE`, for every knob that is secret or may contain one."""
    named = {name: os.environ.get(f"{ENV_PREFIX}{name.upper()}_FILE", "") for name in filter(_holds_secrets, _fields())}
    return {name: Path(path) for name, path in named.items() if path}


def _fields() -> tuple[str, ...]:
    return tuple(Config.model_fields)


def _from_files() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, path in secret_files().items():
        variable = ENV_PREFIX + name.upper()
        if variable in os.environ:
            raise ConfigurationError(f"configuration: {name}: set {variable} or {variable}_FILE, not both")
        try:
            text = path.read_text(encoding="utf-8").strip()
            found[name] = json.loads(text) if name == "transports" else text
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not readable"
            raise ConfigurationError(f"configuration: {name}: {variable}_FILE: {path}: {reason}") from None
    return found


def provenance() -> dict[str, str]:
    """Which layer set each value: `environment`, a file, or `default`."""
    layers, files = _layers(), secret_files()
    origin: dict[str, str] = {}
    for name in Config.model_fields:
        if name in files:
            origin[name] = f"{ENV_PREFIX}{name.upper()}_FILE"
        elif ENV_PREFIX + name.upper() in os.environ:
            origin[name] = "environment"
        else:
            origin[name] = next((file for file, values in layers if name in values), "default")
    return origin


def load() -> Config:
    """Read all layers afresh; raises ConfigurationError with every problem at once."""
    merged: dict[str, Any] = {}
    for _file, values in reversed(_layers()):
        merged |= values
    merged = {name: value for name, value in merged.items() if ENV_PREFIX + name.upper() not in os.environ}
    merged |= _from_files()
    try:
        read = Config(**merged)
    except SettingsError as error:  # a variable that should be JSON is not; the text has its name and not its value
        raise ConfigurationError(f"configuration: {error}") from None
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)]
        raise ConfigurationError("configuration: " + "; ".join(lines)) from None
    if read.environment == "production" and provenance()["secret_key"] == "default":  # noqa: S105 - a layer's name
        raise ConfigurationError("configuration: secret_key: production needs one that stays the same")
    return read


@Once
def config() -> Config:
    """The process's configuration."""
    return load()
