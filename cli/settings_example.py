"""`communityconnect settings example`: every setting with what it means, as `.env.example` has them."""

import textwrap
from collections.abc import Iterator
from typing import Final

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from settings import Settings

_WIDTH: Final = 118
_ABOUT: Final = """
Settings of the service. Written by `communityconnect settings example`, from settings.py: change it there. A line that
is commented out shows the default. `communityconnect doctor` says what is missing or wrong, and how to mend it.

Secrets are better off in files than here: one of the setting's name in small letters, in the folder that
COMMUNITYCONNECT_SECRETS_FOLDER names, else in /run/secrets. `communityconnect settings secrets` makes them
(docs/deploy.md). A variable wins over a file.
"""
_TEMPORAL: Final = """
Its own variables and nothing else. For Temporal Cloud also TEMPORAL_API_KEY (better the file temporal_api_key among the
secrets), or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH.
"""
_COMPOSE: Final = """
For docker-compose.yml alone: Temporal's UI behind the provider at which staff sign in, as a client of its own there,
for members of these groups (docs/console-access.md); and the address under which Grafana is reached.
"""
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "The police service, and where it is reached": ("agency", "public_origin", "web_proxies"),
    "PostgreSQL": ("database_url", "owner_database_url"),
    "Keys of what is stored": ("encryption_keys", "lookup_key", "other_lookup_key"),
    "Twilio": (
        "twilio_account_sid",
        "twilio_auth_token",
        "twilio_other_auth_token",
        "twilio_address",
        "twilio_timeout_seconds",
    ),
    "CAD's ways in; those that are used": (
        "cad_keys",
        "cad_certificates",
        "cad_proxies",
        "cad_database_url",
        "cad_folder",
    ),
    "The console": (
        "console_origin",
        "oidc_issuer",
        "oidc_client_id",
        "oidc_client_secret",
        "oidc_roles_claim",
        "oidc_roles",
        "oidc_name",
        "temporal_ui",
        "console_demo_password",
    ),
    "Open data": ("open_data",),
    "How the processes run": ("metrics_port", "metrics_host", "log_format", "worker_threads", "unknown_wait_seconds"),
    "Releases side by side: both, or neither": ("deployment_name", "build_id"),
}
"""Every setting but the clock of a demonstration, in the order in which somebody sets them."""


def example() -> str:
    """The whole of `.env.example`."""
    parts = [*_comment(_ABOUT), ""]
    for heading, names in GROUPS.items():
        parts += [f"# ---- {heading}", ""]
        for name in names:
            parts += [*_setting(Settings.model_fields[name]), ""]
    parts += ["# ---- Temporal", "", *_comment(_TEMPORAL), "TEMPORAL_ADDRESS=localhost:7233"]
    parts += ["TEMPORAL_NAMESPACE=default", "", "# ---- docker compose", "", *_comment(_COMPOSE)]
    parts += [f"{name}=" for name in ("TEMPORAL_UI_ORIGIN", "TEMPORAL_UI_CLIENT_ID", "TEMPORAL_UI_GROUPS")]
    return "\n".join([*parts, "GRAFANA_ORIGIN="]) + "\n"


def is_secret(field: FieldInfo) -> bool:
    """Nobody may see its value: it is a file."""
    return field.annotation is SecretStr


def _setting(field: FieldInfo) -> Iterator[str]:
    name = str(field.validation_alias)
    secret = f" Secret: the file {name.lower()}." if is_secret(field) else ""
    yield from _comment(f"{field.description or ''}{secret}")
    if field.examples:
        yield f"{name}={field.examples[0]}"
    else:
        yield f"#{name}={'' if is_secret(field) or field.default is None else field.default}"


def _comment(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield from (f"# {line}" for line in textwrap.wrap(" ".join(paragraph.split()), _WIDTH, break_on_hyphens=False))
