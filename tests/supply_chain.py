"""What is locked, and under which licences. As a program: `make audit`'s list."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[1] / "requirements"
LOCKED: Final = sorted(FOLDER.glob("*.txt"))

ALLOWED: Final = (
    "0BSD",
    "3-Clause BSD",
    "Apache",
    "Artistic",
    "BSD",
    "CC0",
    "DFSG approved",
    "ISC",
    "MIT",
    "MPL",
    "Mozilla Public License",
    "PostgreSQL",
    "PSF",
    "Python Software Foundation",
    "Python-2.0",
    "Unlicense",
    "Zlib",
    "HPND",
)
"""How a licence that asks for no more than a notice, or for changes to its own files (MPL), begins to be written."""
LGPL: Final = {"jwcrypto", "psycopg", "psycopg-binary"}
"""Used as they are, as libraries that can be exchanged: that is what the LGPL allows."""

READ: Final = {"atheris": "Apache-2.0", "axe-playwright-python": "MIT", "text-unidecode": "Artistic License"}
"""Packages whose metadata say nothing, or join with "and" what may be chosen from: as a person has read the file."""


@dataclass(frozen=True)
class Locked:
    """A requirement of a lock file."""

    name: str
    version: str
    hashes: int


def locked(path: Path) -> Iterator[Locked]:
    """The file's requirements. Raises ValueError: a line is none."""
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(None, (line.strip() for line in text.splitlines())):
        found = re.match(r"([A-Za-z0-9._-]+)==([^ ;]+)", line)
        if found is None:
            raise ValueError(f"{path.name}: {line[:80]}")
        yield Locked(found[1], found[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}", line)))


def licence_of(name: str) -> str | None:
    """As the installed package says it; None where it is not installed here (another system's)."""
    try:
        said = metadata(name).json
    except PackageNotFoundError:
        return None
    if expression := said.get("license_expression"):
        return str(expression)
    if name in READ:
        return READ[name]
    classified = [line.rpartition(" :: ")[2] for line in said.get("classifier", []) if line.startswith("License ::")]
    return " AND ".join(classified) or (str(said.get("license") or "").strip() or "unknown").splitlines()[0]


def is_allowed(name: str, licence: str) -> bool:
    """Every part of an AND, one part of an OR."""
    if name in LGPL and "LGPL" in licence.replace("Lesser General Public License", "LGPL"):
        return True
    return all(
        any(part.strip(" ()").removesuffix(" License").startswith(ALLOWED) for part in re.split(r" OR ", all_of))
        for all_of in re.split(r" AND |, (?=[A-Z])", licence)
    )


def main() -> None:
    """The licences of what the service itself is made of."""
    for one in locked(FOLDER / "service.txt"):
        sys.stdout.write(f"{one.name}=={one.version}: {licence_of(one.name) or 'not installed here'}\n")


if __name__ == "__main__":
    main()
