"""The catalogues of an agency's folder, `texts/en.po` and `texts/fr.po`, with errors that name file and line."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from calls.facts import Language
from policy.yaml_file import AgencyError, read_text
from texts.wording import NEXT_STEPS, Wording, WordingError, parse_wording

_PROBLEM: Final = re.compile(r"(?P<language>[a-z]{2}): (?P<what>(?:'(?P<msgid>[^']+)')?.*?(?:on (?P<line>[0-9]+))?)")
"""How `texts/` says what is wrong: the language, often the text's name, in a file that is no catalogue the line."""
_MSGID: Final = re.compile(r'^msgid[ \t]+"(.+)"', flags=re.MULTILINE)


def catalogue(folder: Path, language: Language) -> Path:
    """The file with an agency's texts in one language."""
    return folder / "texts" / f"{language}.po"


def read_wording(folder: Path, *, groups: Collection[str] | None = None) -> Wording:
    """The folder's texts. `groups`: those of call types that are texted; no others can have next steps.

    Raises:
        AgencyError: a file is missing or is no catalogue; a text or a placeholder is missing, unknown or unequal.
    """
    texts = {language: read_text(catalogue(folder, language)) for language in Language}
    if twice := list(_twice(folder, texts)):
        raise AgencyError(*twice)
    try:
        wording = parse_wording(texts)
    except WordingError as error:
        raise AgencyError(*(_with_its_line(folder, texts, problem) for problem in error.problems)) from None
    unknown = [] if not groups else [name for name in wording.groups_with_next_steps if name not in groups]
    for name in unknown:
        path, text = catalogue(folder, Language.ENGLISH), texts[Language.ENGLISH]
        line = line_of_text(text, f"{NEXT_STEPS}{name}")
        raise AgencyError(
            f"{path} line {line}: {NEXT_STEPS + name!r}: {name!r} is no group of call types that are texted; "
            f"there are: {', '.join(sorted(groups or ()))}"
        )
    return wording


def line_of_text(text: str, msgid: str) -> int | None:
    """The line (from 1) on which a catalogue names this text."""
    found = next((match for match in _MSGID.finditer(text) if match[1] == msgid), None)
    return None if found is None else text.count("\n", 0, found.start()) + 1


def _twice(folder: Path, texts: Mapping[Language, str]) -> Iterator[str]:
    """Of two texts with one name a catalogue takes the last in silence."""
    for language, text in texts.items():
        seen: Counter[str] = Counter()
        for match in _MSGID.finditer(text):
            seen[match[1]] += 1
            if seen[match[1]] > 1:
                line = text.count("\n", 0, match.start()) + 1
                yield f"{catalogue(folder, language)} line {line}: {match[1]!r} stands here a second time"


def _with_its_line(folder: Path, texts: Mapping[Language, str], problem: str) -> str:
    problem = " ".join(problem.split())
    match = _PROBLEM.fullmatch(problem)
    if match is None:
        return f"{folder / 'texts'}: {problem}"
    language = Language(match["language"])
    line = match["line"] if match["msgid"] is None else line_of_text(texts[language], match["msgid"])
    return f"{catalogue(folder, language)}{'' if line is None else f' line {line}'}: {match['what']}"
