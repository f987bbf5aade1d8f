"""The state directory: where a box keeps its data, logs, pid files and secrets between runs."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError
from settings import BOX_HOME_VARIABLE, box_home

DEFAULT_HOME = ".communityconnect"


@dataclass(frozen=True)
class State:
    """The folders and files of one box. `State.at()` makes them; use that."""

    home: Path
    chosen_with: str = BOX_HOME_VARIABLE
    """The option or variable that another folder is chosen with, for what is said to people."""

    @classmethod
    def at(cls, home: str | Path | None = None, *, chosen_with: str = BOX_HOME_VARIABLE) -> "State":
        """The state in `home`, else in COMMUNITYCONNECT_HOME, else in .communityconnect of the current directory."""
        chosen = Path(home or box_home() or DEFAULT_HOME).expanduser().absolute()
        state = cls(chosen, chosen_with)
        try:
            # As root, PostgreSQL runs as another user (see unprivileged.py), which has to pass through but not to list.
            _make(chosen, mode=0o711 if os.geteuid() == 0 else 0o700)
            for folder in (state.logs, state.pids):
                _make(folder, mode=0o700)
            ignore = chosen / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")  # wherever this folder is, its secrets are not for a repository
        except OSError as error:
            raise LocalError(
                f"Cannot write to {chosen} ({error.strerror}). Choose another folder with {chosen_with}."
            ) from error
        if not os.access(chosen, os.W_OK | os.X_OK):
            raise LocalError(f"{chosen} belongs to another user. Choose another folder with {chosen_with}.")
        return state

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def pids(self) -> Path:
        return self.home / "pids"

    @property
    def postgres(self) -> Path:
        return self.home / "postgres"

    @property
    def temporal_db(self) -> Path:
        return self.home / "temporal.db"

    @property
    def carrier_db(self) -> Path:
        return self.home / "carrier.db"

    @property
    def open_data(self) -> Path:
        return self.home / "open-data"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets.json"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process: two runs in one folder would fight over its data.

        The kernel lets go of the lock with the process, whatever kills it; children do not inherit it.
        """
        with (self.home / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise LocalError(
                    f"CommunityConnect is already running here, pid {file.read().strip() or 'unknown'}; stop it with "
                    f"Ctrl-C there, or choose another folder with {self.chosen_with}."
                ) from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """The secret of that name, made on first use and kept, readable by its owner alone."""
        with _open_private(self.home / "secrets.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two commands at the same moment agree on one value
            known = self._read_secrets()
            if name not in known:
                known[name] = make()
                _replace_private(self.secrets, json.dumps(known, indent=1) + "\n")
            return known[name]

    def _read_secrets(self) -> dict[str, str]:
        try:
            known = json.loads(self.secrets.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            known = None
        if not isinstance(known, dict) or not all(isinstance(value, str) for value in known.values()):
            raise LocalError(
                f"{self.secrets} is damaged and holds the keys to the data next to it: restore it from a copy, or "
                f"start afresh by deleting {self.home}."
            )
        return known


def _make(folder: Path, *, mode: int) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(mode)  # mkdir's own mode would be cut by the umask


@contextmanager
def _open_private(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _replace_private(path: Path, text: str) -> None:
    """Write all or nothing: a crash half-way must not cost the keys that were there before."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with _open_private(fresh) as descriptor:
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    fresh.replace(path)
