"""Everything that the environment decides. The only reader of the environment in the project."""

import os
import sys
from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Self

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError
from temporalio.envconfig import ClientConfig, ClientConnectConfig

from calls.clock import REAL_TIME, Clock

_OURS = "COMMUNITYCONNECT_"
Network = IPv4Network | IPv6Network
BOX_HOME_VARIABLE = f"{_OURS}HOME"


class SettingsError(Exception):
    """The environment is incomplete or wrong; the message says what to set."""


class Settings(BaseSettings):
    """The service's settings. PostgreSQL, Twilio and Temporal keep the names that their own tools use."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    database_url: SecretStr = Field(
        default=SecretStr("postgresql+psycopg://communityconnect@localhost:5432/communityconnect"),
        validation_alias="DATABASE_URL",
    )
    owner_database_url: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}OWNER_DATABASE_URL")
    """The same database as its owner, for `communityconnect setup` alone; empty: the service owns its tables."""
    twilio_account_sid: str = Field(default="", validation_alias="TWILIO_ACCOUNT_SID")
    twilio_auth_token: SecretStr = Field(default=SecretStr(""), validation_alias="TWILIO_AUTH_TOKEN")
    twilio_other_auth_token: SecretStr = Field(
        default=SecretStr(""), validation_alias=f"{_OURS}TWILIO_OTHER_AUTH_TOKEN"
    )
    """While the token is changed webhooks come signed with the old or the new one: this one is accepted as well."""
    twilio_address: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://api.twilio.com"), validation_alias=f"{_OURS}TWILIO_ADDRESS"
    )
    twilio_timeout_seconds: float = Field(default=10.0, gt=0, validation_alias=f"{_OURS}TWILIO_TIMEOUT_SECONDS")
    unknown_wait_seconds: float = Field(default=120.0, ge=0, validation_alias=f"{_OURS}UNKNOWN_WAIT_SECONDS")
    """How long neither callback nor list may know of a text before it is sent again, after lease and timeout (R2)."""
    agency: Path = Field(default=Path("agencies/ottawa"), validation_alias=f"{_OURS}AGENCY")
    public_origin: AnyHttpUrl = Field(
        default=AnyHttpUrl("http://localhost:8000"), validation_alias=f"{_OURS}PUBLIC_ORIGIN"
    )
    """Scheme and host under which residents and Twilio reach the web; signatures are checked against it."""
    encryption_keys: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}ENCRYPTION_KEYS")
    """`id:key[,id:key …]`, the first encrypts, all decrypt; a key is 32 bytes in URL-safe base64."""
    lookup_key: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}LOOKUP_KEY")
    """Keys the hashes by which numbers and survey links are found; 32 bytes in URL-safe base64."""
    other_lookup_key: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}OTHER_LOOKUP_KEY")
    """While the lookup key is changed: the one before, or the one after (docs/keys.md)."""
    cad_keys: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}CAD_KEYS")
    """`feed.label:secret[,feed.label:secret …]`: who may push. Two labels of one feed while a key is changed."""
    cad_certificates: str = Field(default="", validation_alias=f"{_OURS}CAD_CERTIFICATES")
    """`feed:fingerprint[,…]`, SHA-256: who may push by mutual TLS, which a proxy of `cad_proxies` ends."""
    cad_proxies: str = Field(default="", validation_alias=f"{_OURS}CAD_PROXIES")
    """Addresses or networks of the proxies whose word on a client's certificate counts."""
    web_proxies: str = Field(default="", validation_alias=f"{_OURS}WEB_PROXIES")
    """Addresses or networks of the proxies before the residents' pages: what they say of a resident's address counts,
    for the limits on guessing."""
    cad_database_url: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}CAD_DATABASE_URL")
    """CAD's own database, any that SQLAlchemy speaks; read by `communityconnect cad poll`."""
    cad_folder: Path | None = Field(default=None, validation_alias=f"{_OURS}CAD_FOLDER")
    """Where CAD drops files; watched by `communityconnect cad watch`."""
    console_origin: AnyHttpUrl = Field(
        default=AnyHttpUrl("http://localhost:8010"), validation_alias=f"{_OURS}CONSOLE_ORIGIN"
    )
    """Scheme and host under which staff reach the console."""
    console_demo_password: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}CONSOLE_DEMO_PASSWORD")
    """Opens the accounts of a demonstration, on this machine only."""
    oidc_issuer: str = Field(default="", validation_alias=f"{_OURS}OIDC_ISSUER")
    """The provider at which staff sign in, exactly as it writes its own address (docs/console.md)."""
    oidc_client_id: str = Field(default="", validation_alias=f"{_OURS}OIDC_CLIENT_ID")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}OIDC_CLIENT_SECRET")
    oidc_roles_claim: str = Field(default="roles", validation_alias=f"{_OURS}OIDC_ROLES_CLAIM")
    """Where in the ID token the groups stand, a dotted path: `realm_access.roles`."""
    oidc_roles: str = Field(default="", validation_alias=f"{_OURS}OIDC_ROLES")
    """`role:group[,role:group …]`; empty: the groups have our own roles' names."""
    oidc_name: str = Field(default="", validation_alias=f"{_OURS}OIDC_NAME")
    """The provider's name on the button."""
    temporal_ui: str = Field(default="", validation_alias=f"{_OURS}TEMPORAL_UI")
    """The address of Temporal's UI with the namespace, `https://…/namespaces/default`, where staff may go there."""
    clock: Clock = Field(default=REAL_TIME, validation_alias=f"{_OURS}CLOCK")
    worker_threads: int = Field(default=16, gt=0, validation_alias=f"{_OURS}WORKER_THREADS")
    deployment_name: str = Field(default="", validation_alias="TEMPORAL_DEPLOYMENT_NAME")
    """With the build id: a call ends on the release on which it began (docs/deploys.md). Temporal's own names for them,
    as its controller for Kubernetes sets them. Both empty: workers of any release take any call."""
    build_id: str = Field(default="", validation_alias="TEMPORAL_WORKER_BUILD_ID")
    metrics_port: int | None = Field(default=None, validation_alias=f"{_OURS}METRICS_PORT")
    log_format: str = Field(default="json", pattern="^(json|console)$", validation_alias=f"{_OURS}LOG_FORMAT")

    @field_validator("database_url", "owner_database_url")
    @classmethod
    def _speaks_psycopg(cls, value: SecretStr) -> SecretStr:
        """Accept the URL as other tools write it, and name the driver that we use."""
        url = value.get_secret_value()
        if not url:  # an owner is not needed
            return value
        for prefix in ("postgresql://", "postgres://"):
            if url.startswith(prefix):
                url = "postgresql+psycopg://" + url.removeprefix(prefix)
        try:
            is_ours = make_url(url).drivername == "postgresql+psycopg"
        except (ArgumentError, ValueError):
            is_ours = False
        if not is_ours:  # the message must not repeat it: it may hold a password
            raise ValueError("write it as in postgresql://user:password@host:5432/name")
        return SecretStr(url)

    @model_validator(mode="after")
    def _a_release_has_two_names(self) -> Self:
        if bool(self.deployment_name) != bool(self.build_id):
            raise ValueError("TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID go together: set both, or neither")
        return self

    @property
    def origin(self) -> str:
        """The public origin without a slash at its end."""
        return str(self.public_origin).rstrip("/")


@cache
def load_settings() -> Settings:
    """The settings from the environment, read once.

    Raises:
        SettingsError: a variable has a value that cannot be used.
    """
    try:
        return Settings()
    except UnreadableSetting as error:  # a value that should be JSON and is not
        field = Settings.model_fields[str(error).split('"')[1]]
        raise SettingsError(f"the environment variable {field.validation_alias} cannot be used: not JSON") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if not first["loc"]:  # two that do not go together; the message names them
            raise SettingsError(first["msg"].removeprefix("Value error, ")) from None
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"the environment variable {name} cannot be used: {first['msg']}") from None


def networks(text: str, *, variable: str) -> tuple[Network, ...]:
    """The addresses and networks of a setting, `10.0.0.5,10.1.0.0/24`.

    Raises:
        SettingsError: one is neither.
    """
    return tuple(_network(part.strip(), variable) for part in text.split(",") if part.strip())


def _network(part: str, variable: str) -> Network:
    try:
        return ip_network(part)
    except ValueError:
        raise SettingsError(
            f"{_OURS}{variable} cannot be used: {part!r} is not an address or a network, as in 10.0.0.0/24"
        ) from None


def temporal_connection() -> ClientConnectConfig:
    """Where Temporal is: its own variables (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, …) and nothing else."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    config.setdefault("namespace", "default")
    return config


def adopt_environment(changes: Mapping[str, str]) -> None:
    """Let this process itself run with other settings: `make run` makes them up, once its servers have their ports."""
    os.environ.update(changes)
    load_settings.cache_clear()


def child_environment(changes: Mapping[str, str], *, hidden: tuple[str, ...] = ()) -> dict[str, str]:
    """This process's environment with changes, for a process that we start ourselves (`make run`, tests).

    Variables whose names begin with one of `hidden` are not handed on.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return {**kept, "PYTHONUNBUFFERED": "1", **changes}


def box_home() -> str | None:
    """Where a box keeps what lasts between runs, if somebody chose a folder: COMMUNITYCONNECT_HOME."""
    return os.environ.get(BOX_HOME_VARIABLE) or None


def python() -> str:
    """The interpreter that runs this process, to start others of ours."""
    return sys.executable
