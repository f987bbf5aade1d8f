"""Every text of a folder, rendered as it goes out, with the longest values that it may have to carry."""

from collections.abc import Mapping
from typing import Final

from calls.contracts import Kind
from calls.facts import Language
from policy.agency import Agency
from policy.findings import Findings, Level
from policy.wording_file import line_of_text
from policy.yaml_file import read_text
from texts.render import Rendered
from texts.samples import Extent, Sample, every_text
from texts.segments import segmentation
from texts.wording import NEXT_STEPS

_STOP: Final[Mapping[Language, str]] = {Language.ENGLISH: "STOP", Language.FRENCH: "ARRET"}


def check_texts(agency: Agency, findings: Findings) -> None:
    """Each text in each language. One in both has twice the limit, and so no word of its own to say here."""
    catalogues = {language: read_text(findings.folder / "texts" / f"{language}.po") for language in Language}
    identity = agency.identity
    samples = every_text(agency.wording, names=identity.name, lines=identity.lines, extent=Extent.LONGEST)
    surveys = agency.policy.timetable.survey.enabled
    for sample in samples:
        is_sent = sample.piece.value != Kind.CONFIRMATION or sample.announces_survey == surveys
        if sample.language is not None and not sample.is_spoken and is_sent:
            msgid = sample.piece.value if sample.group is None else f"{NEXT_STEPS}{sample.group}"
            _check(agency, sample, sample.language, line_of_text(catalogues[sample.language], msgid), findings)


def _check(agency: Agency, sample: Sample, language: Language, line: int | None, findings: Findings) -> None:
    file, rendered, most = f"texts/{language}.po", sample.rendered, agency.policy.texts.most_segments
    what = repr(sample.piece.value) if sample.group is None else f"{sample.piece.value!r} of the group {sample.group}"
    because = _because(rendered)
    if rendered.segments > most:
        told = f"{what} has {rendered.segments} segments with the longest values; allowed are {most}{because}"
        findings.say_line(Level.ERROR, file, line, told)
    elif because:
        findings.say_line(Level.WARNING, file, line, f"{what} costs more than twice as much{because}")
    if sample.piece.value in set(Kind) and _STOP[language] not in rendered.body:
        told = f"{what} does not say how to stop the texts; {_STOP[language]} has to stand in it"
        findings.say_line(Level.ERROR, file, line, told)


def _because(rendered: Rendered) -> str:
    """Which characters force the dearer alphabet on the text."""
    forced_by = segmentation(rendered.body).forced_by
    return f": {' '.join(forced_by)} is not in the SMS alphabet" if forced_by else ""
