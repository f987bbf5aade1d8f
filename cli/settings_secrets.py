"""`communityconnect settings secrets`: a file for each secret that docker-compose.yml hands to its services."""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from database.encryption import new_key
from settings import SettingsError

Say = Callable[[str], None]

BY_A_PERSON: Final = (
    "twilio_auth_token",
    "communityconnect_oidc_client_secret",
    "temporal_ui_client_secret",
    "temporal_api_key",
)
"""Others make these: the file is empty until somebody fills it."""
_PLACE: Final = "postgres:5432/communityconnect"
_FOLDER_MODE, _FILE_MODE = 0o700, 0o444
"""The folder keeps everybody else of the machine out. Compose mounts each file by itself, with the owner that it has
here, and the users in the containers, each with an id of its own, must be able to read it."""


def make_secrets(folder: Path, *, say: Say) -> None:
    """Make what is missing; what is there stays as it is, so that a second run changes no key.

    Raises:
        SettingsError: the folder cannot be written.
    """
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        folder.chmod(_FOLDER_MODE)
        made = [name for name, text in _fresh(folder).items() if _write(folder / name, text)]
    except OSError as error:
        raise SettingsError(f"{folder}: cannot write there ({error.strerror}); choose another folder") from None
    say(f"{folder}: made {', '.join(made)}" if made else f"{folder}: everything was there")
    empty = [name for name in BY_A_PERSON if not (folder / name).read_text(encoding="utf-8").strip()]
    if empty:
        say(f"to be filled by you, where they are used: {', '.join(empty)}")
    say(
        "keep a copy of communityconnect_encryption_keys and communityconnect_lookup_key apart: without them what is "
        "stored is lost"
    )


def _fresh(folder: Path) -> Mapping[str, str]:
    """All of them; the addresses of the database with the passwords that the database has, or will have."""
    owner = _kept(folder / "postgres_password")
    return {
        "postgres_password": owner,
        "temporal_password": secrets.token_urlsafe(24),
        "database_url": f"postgresql://communityconnect_service:{secrets.token_urlsafe(24)}@{_PLACE}",
        "communityconnect_owner_database_url": f"postgresql://communityconnect:{owner}@{_PLACE}",
        "communityconnect_encryption_keys": f"k1:{new_key()}",
        "communityconnect_lookup_key": new_key(),
        "communityconnect_cad_keys": f"cad.1:{new_key()}",
        "temporal_ui_cookie_secret": new_key(),
        "grafana_password": secrets.token_urlsafe(24),
        **dict.fromkeys(BY_A_PERSON, ""),
    }


def _kept(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.exists() else secrets.token_urlsafe(24)


def _write(path: Path, text: str) -> bool:
    """Without a line end: oauth2-proxy counts the bytes."""
    if path.exists():
        return False
    path.write_text(text, encoding="utf-8")
    path.chmod(_FILE_MODE)
    return True
