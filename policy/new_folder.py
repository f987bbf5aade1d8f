"""`communityconnect agency new`: a folder to start from, copied from the template that comes with the program."""

import re
import shutil
from pathlib import Path
from typing import Final

from policy.yaml_file import AgencyError

TEMPLATE: Final = Path(__file__).parent / "template"
_KEY, _NAME = "new-agency", "New Agency"
"""As the template calls the service."""
_GOOD_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST: Final = 40


def make_folder(name: str, *, place: Path) -> list[str]:
    """Make the folder `place`/`name`. What to do next, in lines.

    Raises:
        AgencyError: the name is none, something is there already, or nothing can be written there.
    """
    if not _GOOD_NAME.fullmatch(name) or len(name) > _LONGEST:
        raise AgencyError(
            f"{name!r} is no name for a folder: small letters, digits and hyphens between them, a letter first, at "
            f"most {_LONGEST} signs, as in north-bay"
        )
    folder = place / name
    if folder.exists():
        raise AgencyError(f"{folder}: is there already; choose another name, or edit that folder")
    try:
        place.mkdir(parents=True, exist_ok=True)
        shutil.copytree(TEMPLATE, folder)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                text = path.read_text(encoding="utf-8").replace(_KEY, name).replace(_NAME, _spoken(name))
                path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise AgencyError(f"{folder}: cannot be made ({error.strerror}); choose another place with --in") from None
    return [
        f"{folder} is made. What is yours to fill in is marked TODO; docs/agency-folder.md explains every key.",
        f"  communityconnect agency check {folder}                what is left to do, and what is wrong",
        f"  communityconnect agency check {folder} --cad FILE     which codes of your log are not listed",
        f"  communityconnect agency preview {folder}              every text as a phone shows it",
        f"  communityconnect simulate --agency {folder} --cad FILE --out results     who would have been texted",
    ]


def _spoken(name: str) -> str:
    """`north-bay` as people write it: North Bay."""
    return " ".join(word.capitalize() for word in name.split("-"))
