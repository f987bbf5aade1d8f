"""What a code in every text would cost Ottawa, which prints none: docs/wording.md."""

import re
from pathlib import Path

from calls.facts import Language
from policy.agency import Agency
from texts.samples import every_text
from texts.wording import CODED, Wording

DOCUMENT = Path(__file__).parents[2] / "docs" / "wording.md"
STOP = {Language.ENGLISH: "STOP ends", Language.FRENCH: "ARRET met"}


def with_codes(wording: Wording) -> Wording:
    """The same words, and a code before the last sentence."""
    templates = {
        language: {
            msgid: text.replace(STOP[language], f"Code {{code}}. {STOP[language]}") if msgid in set(CODED) else text
            for msgid, text in of.items()
        }
        for language, of in wording.templates.items()
    }
    return Wording(version="with codes", templates=templates)


def segments(agency: Agency, wording: Wording) -> dict[tuple[str, str], int]:
    samples = every_text(wording, names=agency.identity.name, lines=agency.identity.lines)
    return {
        (sample.title, str(sample.language)): sample.rendered.segments
        for sample in samples
        if sample.language is not None and not sample.is_spoken
    }


def test_what_a_code_would_cost_ottawa(ottawa: Agency) -> None:
    assert not ottawa.policy.texts.code
    now, then = segments(ottawa, ottawa.wording), segments(ottawa, with_codes(ottawa.wording))
    titles = {
        "`confirmation` (surveys on)": ["confirmation, surveys on"],
        "`confirmation` of a theft or of noise": ["confirmation, surveys on, theft", "confirmation, surveys on, noise"],
        "`delay`": ["delay"],
        "`survey`": ["survey"],
    }
    rows = re.findall(r"^\| (`.*), (en|fr) \| (\d) \| (\d) \|$", DOCUMENT.read_text("utf-8"), flags=re.MULTILINE)
    assert len(rows) == 8
    for name, language, before, after in rows:
        for title in titles[name]:
            key = (title, language)
            assert (now[key], then[key]) == (int(before), int(after)), key
    others = {key for key in now if now[key] != then[key]} - {(t, la) for n, la, *_ in rows for t in titles[n]}
    assert others == set()
