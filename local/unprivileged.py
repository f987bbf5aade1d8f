"""PostgreSQL refuses to run as root. A box started by root (a container, a rented machine) runs it as another user.

That user has to be able to enter the folders of the program and of the data, and often is not: /root is closed.
We open no folder of the machine's owner. What the user cannot reach is put under /var/lib/communityconnect instead:
a copy of PostgreSQL's programs (38 MB, once per version), and the data, with a link to it in the state directory.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError
from settings import child_environment

ELSEWHERE = Path("/var/lib/communityconnect")
_CANDIDATES = ("nobody", "postgres")


@dataclass(frozen=True)
class Account:
    """A user of the machine."""

    name: str
    uid: int
    gid: int


def account_for(folder: Path) -> Account | None:
    """The user to run as instead of root: the folder's owner from an earlier run, else `nobody`. None: not root."""
    if os.geteuid() != 0:
        return None
    try:
        owner = folder.stat().st_uid
        entry = pwd.getpwuid(owner) if owner else None
    except (FileNotFoundError, KeyError):
        entry = None
    for name in _CANDIDATES:
        if entry is None:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
    if entry is None:
        raise LocalError(f"PostgreSQL refuses to run as root and there is no user {' or '.join(_CANDIDATES)} here.")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def run_as(account: Account | None, argv: list[str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a short command as that user and keep what it says."""
    try:
        return subprocess.run(
            argv,
            cwd=cwd,
            env=child_environment({"LC_ALL": "C"}),
            capture_output=True,
            text=True,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except PermissionError as error:
        raise LocalError(
            f"{argv[0]} cannot be run as {account.name if account else 'this user'} ({error.strerror}). "
            "PostgreSQL refuses to run as root: if this is root, run the command as an ordinary user."
        ) from error


def can_enter(folder: Path, account: Account | None) -> bool:
    """Ask the system by trying: modes, access lists and parents all count."""
    return run_as(account, ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)], cwd=Path("/")).returncode == 0


def data_home(wanted: Path, account: Account | None) -> Path:
    """The folder for PostgreSQL's data, made for the user: `wanted`, or where `wanted` then points to."""
    if wanted.is_symlink() and not wanted.exists():
        raise LocalError(
            f"PostgreSQL's data was in {wanted.resolve()} and is gone: delete {wanted} to begin with none."
        )
    if not wanted.exists():
        wanted.mkdir(mode=0o700)
    if account is None:
        if not os.access(wanted, os.R_OK | os.W_OK | os.X_OK):
            raise LocalError(f"{wanted} belongs to another user; was an earlier run root's? Choose another folder.")
        return wanted.resolve()
    if wanted.stat().st_uid == 0:
        with suppress(OSError):  # a folder shared with another machine may not allow it; then it is not enterable
            os.chown(wanted, account.uid, account.gid)
    if can_enter(wanted.resolve(), account):  # the link to it may be where only root goes
        return wanted.resolve()
    if wanted.is_symlink() or any(wanted.iterdir()):
        raise LocalError(
            f"PostgreSQL refuses to run as root, and {account.name} cannot enter {wanted.resolve()}: "
            "move the folder to where every user may enter, /srv for example."
        )
    elsewhere = Path(tempfile.mkdtemp(prefix="postgres-", dir=_elsewhere()))
    os.chown(elsewhere, account.uid, account.gid)
    wanted.rmdir()
    wanted.symlink_to(elsewhere)
    return elsewhere


def programs(root: Path, parts: list[str], label: str, account: Account | None) -> Path:
    """`root` if the user can enter the first of its `parts`, else a copy of the parts that they can."""
    if can_enter(root / parts[0], account):
        return root
    copy = _elsewhere() / label
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(prefix=f"{label}-", dir=_elsewhere()))
        for part in parts:
            shutil.copytree(root / part, fresh / part, ignore=shutil.ignore_patterns("include", "*.a"))
        for path in [fresh, *fresh.rglob("*")]:
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
        fresh.rename(copy)
    return copy


def _elsewhere() -> Path:
    try:
        ELSEWHERE.mkdir(parents=True, exist_ok=True)
        ELSEWHERE.chmod(0o755)
    except OSError as error:
        raise LocalError(
            f"PostgreSQL refuses to run as root, and a folder for another user cannot be made: {ELSEWHERE} "
            f"({error.strerror}). Run the command as an ordinary user."
        ) from error
    return ELSEWHERE
