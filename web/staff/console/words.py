"""The words of the console, English beside French (R10): one file a page in `words/`, `key: {en: …, fr: …}`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from calls.facts import Language

_FOLDER: Final = Path(__file__).parent / "words"
COMMON: Final = "common"


class _Phrase(BaseModel):
    model_config = ConfigDict(extra="forbid")

    en: str
    fr: str


_FILE: Final = TypeAdapter(dict[str, _Phrase])


@cache
def words(page: str, language: Language) -> Mapping[str, str]:
    """The words of a page, and those that all pages share."""
    return {key: getattr(phrase, language.value) for name in (COMMON, page) for key, phrase in phrases(name).items()}


@cache
def phrases(page: str) -> Mapping[str, _Phrase]:
    """A file of words."""
    return _FILE.validate_python(yaml.safe_load((_FOLDER / f"{page}.yaml").read_text(encoding="utf-8")))


def all_pages() -> list[str]:
    """The names of all files of words."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))
