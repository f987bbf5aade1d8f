"""Bundles as the service publishes them, with made-up figures: nobody gave these answers."""

import csv
import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Final

from survey.questions import Question, QuestionKind, Survey

BASE: Final = 15
WARDS: Final = tuple((f"{number:02}", f"Ward {number}", f"Quartier {number}") for number in range(1, 25))
DIVISIONS: Final = (("west", "West", "Ouest"), ("central", "Central", "Centre"), ("east", "East", "Est"))
AREAS: Final = (
    ("CITY", "ottawa", "", "All of Ottawa", "Tout Ottawa"),
    *(("DIVISION", id_, "2026", f"{en} Division", f"Division {fr}") for id_, en, fr in DIVISIONS),
    *(("WARD", id_, "2022", en, fr) for id_, en, fr in WARDS),
)
LICENCE: Final = {
    "title": {"en": "Open data licence", "fr": "Licence de données ouvertes"},
    "address": {"en": "https://example.org/licence", "fr": "https://example.org/licence-fr"},
}
_MEASURES: Final = (
    ("CALLS_ELIGIBLE", "Calls whose caller was to be told by text", "Appels dont l’auteur devait être avisé par texto"),
    ("CONFIRMATIONS_SENT", "Calls with a confirmation sent", "Appels avec une confirmation envoyée"),
    ("CONFIRMATIONS_DELIVERED", "Calls with a confirmation delivered", "Appels avec une confirmation livrée"),
    ("DELAY_NOTICES", "Delay notices", "Avis de retard"),
    ("SURVEY_INVITATIONS", "Calls with a survey link sent", "Appels avec un lien de sondage envoyé"),
)
_COLUMNS: Final = ("YEAR", "QUARTER", "PERIOD_START", "PERIOD_END")
_GEO: Final = ("GEO_LEVEL", "GEO_ID", "GEO_VERSION", "GEO_NAME_EN", "GEO_NAME_FR")
_ACTIVITY: Final = ("PRIORITY", "MEASURE_ID", "MEASURE_EN", "MEASURE_FR", "COUNT", "STATUS")
_RESULTS: Final = (
    *("QUESTION_ID", "QUESTION_VERSION", "QUESTION_EN", "QUESTION_FR", "ANSWER_ID", "ANSWER_EN", "ANSWER_FR"),
    *("N_ANSWERS", "N_RESPONSES", "PCT", "STATUS"),
)


def period_of(period: str) -> tuple[date, date]:
    """`2026-q3`: its first and last day."""
    year, quarter = int(period[:4]), int(period[-1])
    last = date(year + quarter // 4, quarter * 3 % 12 + 1, 1) - timedelta(days=1)
    return date(year, quarter * 3 - 2, 1), last


def periods(first: str, number: int) -> Sequence[str]:
    """So many quarters from one on."""
    start = int(first[:4]) * 4 + int(first[-1]) - 1
    return [f"{n // 4}-q{n % 4 + 1}" for n in range(start, start + number)]


def write_bundle(
    root: Path, survey: Survey, period: str, *, version: int = 1, areas: Sequence[Sequence[str]] = AREAS
) -> dict[str, object]:
    """A bundle's folder; its entry for the index."""
    folder = root / "ottawa" / period / f"v{version}"
    folder.mkdir(parents=True)
    draw = random.Random(f"{period} {version}")
    files = {
        "communityconnect_activity.csv": _table(_ACTIVITY, period, _activity_rows(draw, areas)),
        "communityconnect_survey_results.csv": _table(_RESULTS, period, _result_rows(draw, survey, areas)),
        "datapackage.json": json.dumps({"name": "communityconnect", "version": f"{version}"}),
        "catalog.jsonld": json.dumps({"@type": "dcat:Catalog"}),
        "data.json": json.dumps({"dataset": []}),
        "codebook.csv": "FIELD,EN,FR\r\n",
        "README_EN.md": "# Open data\n",
        "README_FR.md": "# Données ouvertes\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    told = [
        {"name": name, "size": len(text.encode()), "sha256": hashlib.sha256(text.encode()).hexdigest()}
        for name, text in files.items()
    ]
    published = period_of(period)[1] + timedelta(days=45 + version)
    return {
        "agency": "ottawa",
        "period": period,
        "version": version,
        "reason": {"en": "A count was wrong.", "fr": "Un compte était faux."} if version > 1 else None,
        "base": BASE,
        "published_at": f"{published.isoformat()}T14:30:00Z",
        "licence": LICENCE,
        "files": told,
    }


def publish(root: Path, entries: Sequence[Mapping[str, object]]) -> None:
    (root / "index.json").write_text(json.dumps({"format": 1, "bundles": entries}), encoding="utf-8")


def _table(columns: Sequence[str], period: str, rows: Iterator[Sequence[object]]) -> str:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow((*_COLUMNS, *_GEO, *columns))
    first, last = period_of(period)
    writer.writerows((period[:4], period[-1], first, last, *row) for row in rows)
    return text.getvalue()


def _activity_rows(draw: random.Random, areas: Sequence[Sequence[str]]) -> Iterator[Sequence[object]]:
    for area in areas:
        for priority in ("3", "4", "ALL"):
            left = _size(area, draw) * 12
            for measure in _MEASURES:
                left = _rounded(left * draw.uniform(0.4, 0.95))
                told = ("", "SUPPRESSED") if left == 0 else (left, "OK")
                yield *area, priority, *measure, *told


def _result_rows(draw: random.Random, survey: Survey, areas: Sequence[Sequence[str]]) -> Iterator[Sequence[object]]:
    for area in areas:
        for question in survey.questions:
            if question.kind is QuestionKind.COMMENT:
                continue
            yield from ((*area, *row) for row in _question(draw, survey, question, _size(area, draw)))


def _question(draw: random.Random, survey: Survey, question: Question, size: float) -> Iterator[Sequence[object]]:
    counts = [_rounded(size * draw.random() ** 2) for _ in question.options]
    base, is_told = sum(counts), sum(counts) >= 2 * BASE
    none_asked = not is_told and draw.random() < 0.2
    for option, count in zip(question.options, counts, strict=True):
        texts = (question.text.en, question.text.fr, option.id, option.text.en, option.text.fr)
        told: Sequence[object] = (count, base, round(count * 100 / base), "OK") if is_told and count else ()
        if not told:
            told = ("", "", "", "NO_DATA") if none_asked else ("", "", "", "SUPPRESSED")
        yield question.id, survey.version, *texts, *told


def _size(area: Sequence[str], draw: random.Random) -> float:
    return {"CITY": 4000.0, "DIVISION": 130.0}.get(area[0], draw.uniform(4, 60))


def _rounded(number: float) -> int:
    return round(number / BASE) * BASE
