"""Everything that the environment decides, and the files that hold its secrets. The only reader of either."""

import os
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Self

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError
from temporalio.envconfig import ClientConfig, ClientConnectConfig

from calls.clock import REAL_TIME, Clock

_OURS = "COMMUNITYCONNECT_"
Network = IPv4Network | IPv6Network
BOX_HOME_VARIABLE = f"{_OURS}HOME"
SECRETS_FOLDER_VARIABLE = f"{_OURS}SECRETS_FOLDER"
_SECRETS_FOLDER = Path("/run/secrets")
"""Where docker compose and Kubernetes put them."""
_TEMPORALS_SECRETS = ("TEMPORAL_API_KEY",)
"""Temporal's library reads its other secrets, keys of TLS, from files by itself."""


class SettingsError(Exception):
    """The environment is incomplete or wrong; the message says what to set."""


class Settings(BaseSettings):
    """The service's settings, each from its variable or from a file of that name (in small letters) in the folder of
    secrets; the variable wins. PostgreSQL, Twilio and Temporal keep the names that their own tools use."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True, use_attribute_docstrings=True)

    database_url: SecretStr = Field(
        default=SecretStr("postgresql+psycopg://communityconnect@localhost:5432/communityconnect"),
        validation_alias="DATABASE_URL",
    )
    """PostgreSQL, as the role of the service: postgresql://user:password@host:5432/name. `setup` makes the role."""
    owner_database_url: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}OWNER_DATABASE_URL")
    """The same database as its owner, for `communityconnect setup` alone. Empty: the service owns its tables, and the
    audit log is protected by its trigger only (docs/console-access.md)."""
    twilio_account_sid: str = Field(default="", examples=[""], validation_alias="TWILIO_ACCOUNT_SID")
    """Twilio's account, AC…."""
    twilio_auth_token: SecretStr = Field(default=SecretStr(""), validation_alias="TWILIO_AUTH_TOKEN")
    """Its token. It also signs the webhooks that Twilio sends us."""
    twilio_other_auth_token: SecretStr = Field(
        default=SecretStr(""), validation_alias=f"{_OURS}TWILIO_OTHER_AUTH_TOKEN"
    )
    """While the token is changed webhooks come signed with the old or the new one: this one is accepted as well."""
    twilio_address: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://api.twilio.com"), validation_alias=f"{_OURS}TWILIO_ADDRESS"
    )
    """Where Twilio's API is: a proxy, or the telephone network in a box."""
    twilio_timeout_seconds: float = Field(default=10.0, gt=0, validation_alias=f"{_OURS}TWILIO_TIMEOUT_SECONDS")
    """How long an answer of Twilio's may take. A worker's grace at its end is for this and the database's 10 s."""
    unknown_wait_seconds: float = Field(default=120.0, ge=0, validation_alias=f"{_OURS}UNKNOWN_WAIT_SECONDS")
    """How long neither callback nor list may know of a text before it is sent again, after lease and timeout (R2)."""
    agency: Path = Field(default=Path("agencies/ottawa"), validation_alias=f"{_OURS}AGENCY")
    """Which police service this is: its folder (docs/agency-folder.md)."""
    public_origin: AnyHttpUrl = Field(
        default=AnyHttpUrl("http://localhost:8000"),
        examples=["https://texts.example.org"],
        validation_alias=f"{_OURS}PUBLIC_ORIGIN",
    )
    """Scheme and host under which residents and Twilio reach the web; signatures are checked against it."""
    encryption_keys: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}ENCRYPTION_KEYS")
    """`id:key[,id:key …]`, the first encrypts, all decrypt; each key is made with `communityconnect new-key`. Without
    them what is stored is lost."""
    lookup_key: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}LOOKUP_KEY")
    """Keys the hashes by which numbers and survey links are found; made with `communityconnect new-key`."""
    other_lookup_key: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}OTHER_LOOKUP_KEY")
    """While the lookup key is changed: the one before, or the one after (docs/keys.md)."""
    cad_keys: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}CAD_KEYS")
    """`feed.label:secret[,feed.label:secret …]`: who may push (docs/cad-push.md). Two labels of one feed while a key
    is changed."""
    cad_certificates: str = Field(default="", validation_alias=f"{_OURS}CAD_CERTIFICATES")
    """`feed:fingerprint[,…]`, SHA-256: who may push by mutual TLS, which a proxy of those below ends."""
    cad_proxies: str = Field(default="", validation_alias=f"{_OURS}CAD_PROXIES")
    """Addresses or networks of the proxies whose word on a client's certificate counts."""
    web_proxies: str = Field(default="", examples=[""], validation_alias=f"{_OURS}WEB_PROXIES")
    """Addresses or networks of the proxies before the residents' pages, 10.0.0.5,10.1.0.0/24. Without them whoever
    comes through a proxy counts as one and the same, and a few wrong codes of somebody's keep everybody from checking
    theirs (docs/was-it-you.md)."""
    cad_database_url: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}CAD_DATABASE_URL")
    """CAD's own database, any that SQLAlchemy speaks; read by `communityconnect cad poll` (docs/cad-view.md)."""
    cad_folder: Path | None = Field(default=None, validation_alias=f"{_OURS}CAD_FOLDER")
    """Where CAD drops files; watched by `communityconnect cad watch` (docs/cad-folder.md)."""
    open_data: Path | None = Field(default=None, validation_alias=f"{_OURS}OPEN_DATA")
    """The public folder of open data, which any web server may serve as it is (docs/open-data.md)."""
    console_origin: AnyHttpUrl = Field(
        default=AnyHttpUrl("http://localhost:8010"),
        examples=["https://console.example.org"],
        validation_alias=f"{_OURS}CONSOLE_ORIGIN",
    )
    """Scheme and host under which staff reach the console."""
    console_demo_password: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}CONSOLE_DEMO_PASSWORD")
    """Opens the accounts of a demonstration, on this machine only."""
    oidc_issuer: str = Field(default="", examples=[""], validation_alias=f"{_OURS}OIDC_ISSUER")
    """The provider at which staff sign in, exactly as it writes its own address (docs/console-access.md)."""
    oidc_client_id: str = Field(default="", examples=[""], validation_alias=f"{_OURS}OIDC_CLIENT_ID")
    """The console's name at the provider."""
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), validation_alias=f"{_OURS}OIDC_CLIENT_SECRET")
    """Its secret there."""
    oidc_roles_claim: str = Field(default="roles", validation_alias=f"{_OURS}OIDC_ROLES_CLAIM")
    """Where in the ID token the groups stand, a dotted path: `realm_access.roles`."""
    oidc_roles: str = Field(default="", validation_alias=f"{_OURS}OIDC_ROLES")
    """`role:group[,role:group …]`; empty: the groups have our own roles' names (operator, supervisor, analyst,
    reviewer, administrator)."""
    oidc_name: str = Field(default="", validation_alias=f"{_OURS}OIDC_NAME")
    """The provider's name on the button."""
    temporal_ui: str = Field(default="", validation_alias=f"{_OURS}TEMPORAL_UI")
    """The address of Temporal's UI with the namespace, `https://…/namespaces/default`, where staff may go there."""
    clock: Clock = Field(default=REAL_TIME, validation_alias=f"{_OURS}CLOCK")
    """Of a demonstration, in JSON; a service has none."""
    worker_threads: int = Field(default=16, gt=0, validation_alias=f"{_OURS}WORKER_THREADS")
    """How many texts one worker sends at once, at most; it opens as many connections to the database, and one more."""
    deployment_name: str = Field(default="", validation_alias="TEMPORAL_DEPLOYMENT_NAME")
    """With the build id: a call ends on the release on which it began (docs/deploys.md). Temporal's own names for them,
    as its controller for Kubernetes sets them. Both empty: workers of any release take any call."""
    build_id: str = Field(default="", validation_alias="TEMPORAL_WORKER_BUILD_ID")
    """The release of this worker: the image's tag, or the commit."""
    metrics_port: int | None = Field(default=None, gt=0, lt=65536, validation_alias=f"{_OURS}METRICS_PORT")
    """The port of each process's own for `/metrics`, `/livez` and `/readyz`; without it there is none."""
    metrics_host: str = Field(default="127.0.0.1", validation_alias=f"{_OURS}METRICS_HOST")
    """Where that port is reached. Neither residents nor staff may: it has no sign-in."""
    log_format: str = Field(default="json", pattern="^(json|console)$", validation_alias=f"{_OURS}LOG_FORMAT")
    """`json` for machines, `console` for people."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's names
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """A variable, else a file of the folder, which is looked for now: a process may be told another."""
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=secrets_folder())

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
    """The settings from the environment and the folder of secrets, read once.

    Raises:
        SettingsError: values that cannot be used, one line each; a file that cannot be read.
    """
    try:
        return Settings()
    except UnreadableSetting as error:  # a value that should be JSON and is not, or a file
        name = str(Settings.model_fields[str(error).split('"')[1]].validation_alias)
        if isinstance(error.__cause__, OSError | UnicodeError):
            why = "this process may not read it" if isinstance(error.__cause__, OSError) else "it is not UTF-8"
            raise SettingsError(f"the file {_secret_file(name)} cannot be used: {why}") from None
        raise SettingsError(_line((name,), "not JSON")) from None
    except RecursionError:
        raise SettingsError(_line((f"{_OURS}CLOCK",), "nested too deeply")) from None
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)
        raise SettingsError("\n".join(_line(one["loc"], one["msg"]) for one in wrong)) from None


def _line(at: tuple[int | str, ...], message: str) -> str:
    if not at:  # two that do not go together; the message names them
        return message.removeprefix("Value error, ")
    name = str(at[0])
    file = _secret_file(name)
    where = f"the environment variable {name}" if os.environ.get(name) or file is None else f"the file {file}"
    return f"{where} cannot be used: {message}"


def secrets_folder() -> Path | None:
    """The folder of secrets: COMMUNITYCONNECT_SECRETS_FOLDER, else /run/secrets where there is one.

    Raises:
        SettingsError: it is named and not there.
    """
    named = os.environ.get(SECRETS_FOLDER_VARIABLE)
    folder = Path(named) if named else _SECRETS_FOLDER
    if named and not folder.is_dir():
        raise SettingsError(f"{SECRETS_FOLDER_VARIABLE} names {folder}, and there is no such folder")
    return folder if folder.is_dir() else None


def _secret_file(name: str) -> Path | None:
    folder = secrets_folder()
    return None if folder is None else next((path for path in folder.iterdir() if path.name.upper() == name), None)


def unknown_settings() -> dict[str, str]:
    """Variables and secret files that begin like ours and are no settings: a slip of the pen that nothing else tells.
    Each with the setting that was probably meant, or nothing."""
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    known |= {BOX_HOME_VARIABLE, SECRETS_FOLDER_VARIABLE}
    folder = secrets_folder()
    files = [] if folder is None else [path.name.upper() for path in folder.iterdir()]
    ours = sorted({name for name in (*os.environ, *files) if name.startswith(_OURS)} - known)
    return {name: next(iter(get_close_matches(name, known, n=1, cutoff=0.8)), "") for name in ours}


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
    """Where Temporal is: its own variables (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, …) and nothing else; its API key
    may be a file among the secrets.

    Raises:
        SettingsError: a file that they name cannot be read.
    """
    files = {name: path for name in _TEMPORALS_SECRETS if (path := _secret_file(name)) is not None}
    secrets = {name: text for name, path in files.items() if (text := path.read_text(encoding="utf-8").strip())}
    try:
        config = ClientConfig.load_client_connect_config(override_env_vars={**secrets, **os.environ})
    except OSError as error:  # of TLS
        raise SettingsError(f"{error.filename}, which one of TEMPORAL_TLS_… names, cannot be read") from None
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
