"""The words of the public pages, English beside French (R10): `words/*.yaml`, `key: {en: …, fr: …}`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import yaml
from pydantic import TypeAdapter

from calls.facts import Language
from survey.questions import Localized

_FOLDER: Final = Path(__file__).parent / "words"
_FILE: Final = TypeAdapter(dict[str, Localized])


@cache
def phrases() -> Mapping[str, Localized]:
    """All of them; a key stands in one file only."""
    found: dict[str, Localized] = {}
    for path in sorted(_FOLDER.glob("*.yaml")):
        new = _FILE.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
        if twice := set(found) & set(new):
            raise ValueError(f"{path.name}: {sorted(twice)[0]} stands in another file, too")
        found |= new
    return found


@cache
def words(language: Language) -> Mapping[str, str]:
    return {key: phrase.in_language(language) for key, phrase in phrases().items()}
