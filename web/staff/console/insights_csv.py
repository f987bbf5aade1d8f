"""The figures of the insights as a file, a figure a line, and the codebook that says what each word in it means."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from fastapi import Response

from calls.facts import Language
from insights.answers import BY
from insights.areas import ByArea
from insights.breakdown import Broken, Line, Shown
from insights.confirmed import TopicLine
from insights.funnel import STEPS, Funnel, Week
from insights.reach import Line as ReachLine
from insights.reach import Reach, Reached
from insights.small import Hidden
from insights.topics import Topic
from insights.wilson import Share
from policy.agency import Agency
from survey.questions import Question
from web.staff.console.said import WAITS
from web.staff.console.spreadsheet import no_formula
from web.staff.console.words import phrases

HEADER: Final = ("table", "by", "value", "question", "measure", "count", "share", "low", "high", "shown")
NOT_TOLD: Final = "not told"
_Row = tuple[str, ...]


def answers_csv(funnel: Funnel, questions: Iterable[tuple[Broken, ByArea]], *, at_least: int) -> str:
    """The funnel, and every question by all that is known of the calls, and as it is counted by area."""

    def lines() -> Iterator[_Row]:
        for week in (funnel.whole, *funnel.weeks):
            yield from _steps(week)
        for broken, by_area in questions:
            yield from _answers("", broken.whole, broken.question, at_least)
            for by in BY:
                for line in broken.parts[by]:
                    yield from _answers(by, line, broken.question, at_least)
            for by, lines in (("", [by_area.whole]), ("area", by_area.lines)):
                for line in lines:
                    yield from _answers(by, line, broken.question, at_least, table="areas")

    return _written(HEADER, lines())


def reach_csv(reach: Reach, months: Mapping[str, ReachLine], *, at_least: int) -> str:
    """One month by all that calls are told apart by, and every month as a whole."""

    def lines() -> Iterator[_Row]:
        parts = [(by, line.value, line) for by, of in (("", [reach.whole]), *reach.parts.items()) for line in of]
        for by, value, line in (*parts, *(("month", month, whole) for month, whole in months.items())):
            place = ("reach", by, _value(by, value), "")
            for kind in Reached:
                yield (*place, kind.value, *_count(line.counts[kind], at_least))
            yield (*place, "total", *_count(line.total, at_least))
            if line.missed is not None:
                yield (*place, "missed", "", *_share(line.missed))

    return _written(HEADER, lines())


def topics_csv(months: Sequence[str], topics: Sequence[TopicLine], *, at_least: int) -> str:
    """What comments are about: a topic and a month a line; the topic stands where others have a question."""
    return _written(
        HEADER,
        (
            ("topics", "month", month, line.topic.value, "comments", *_count(count, at_least))
            for line in topics
            for month, count in zip(months, line.counts, strict=True)
        ),
    )


def codebook_csv(agency: Agency, questions: Sequence[Question]) -> str:
    """Every word that stands in the files, in both languages."""
    of_page, of_reach, shared = phrases("insights"), phrases("reach"), phrases("figures")
    rows: list[_Row] = [
        ("column", column, of_page[f"csv_{column}"].en, of_page[f"csv_{column}"].fr) for column in HEADER
    ]
    rows += [("measure", step, of_page[f"step_{step}"].en, of_page[f"step_{step}"].fr) for step in STEPS]
    for measure in ("base", "favourable", "unfavourable"):
        rows.append(("measure", measure, of_page[f"csv_{measure}"].en, of_page[f"csv_{measure}"].fr))
    for kind in (*(kind.value for kind in Reached), "total", "missed"):
        rows.append(("measure", kind, of_reach[f"kind_{kind}"].en, of_reach[f"kind_{kind}"].fr))
    of_topics, common = phrases("topics"), phrases("common")
    rows.append(("measure", "comments", of_topics["csv_comments"].en, of_topics["csv_comments"].fr))
    rows += [("topic", one.value, common[f"topic_{one}"].en, common[f"topic_{one}"].fr) for one in Topic]
    for number, wait in enumerate(WAITS):
        rows.append(("wait", wait, shared[f"wait_{number}"].en, shared[f"wait_{number}"].fr))
    for name, group in agency.policy.eligibility.groups.items():
        rows.append(("group", name, group.label[Language.ENGLISH], group.label[Language.FRENCH]))
    for question in questions:
        rows.append(("question", question.id, question.text.en, question.text.fr))
        rows += [(question.id, f"option {one.id}", one.text.en, one.text.fr) for one in question.options]
    return _written(("field", "value", "english", "french"), rows)


def csv_response(text: str, name: str) -> Response:
    # The mark at its beginning: without it, spreadsheets take French for something else.
    return Response(
        "\ufeff" + text,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _steps(week: Week) -> Iterator[_Row]:
    place = ("funnel", "week" if week.week else "", week.week, "")
    for step in STEPS:
        share = week.shares.get(step)
        yield (*place, step, str(week.steps[step]), *(_share(share)[:3] if share else ("", "", "")), "yes")


def _answers(by: str, line: Line, question: Question, at_least: int, *, table: str = "answers") -> Iterator[_Row]:
    place = (table, by, _value(by, line.value) if by else "", question.id)
    yield (*place, "base", *_count(line.base, at_least))
    if line.figure is None:
        return
    for measure, share in (("favourable", line.figure.favourable), ("unfavourable", line.figure.unfavourable)):
        if share is not None:
            yield (*place, measure, "", *_share(share))
    for option, share in line.figure.options.items():
        yield (*place, f"option {option}", "", *_share(share))


def _value(by: str, value: str) -> str:
    return value or (NOT_TOLD if by else "")


def _count(shown: Shown, at_least: int) -> tuple[str, str, str, str, str]:
    if isinstance(shown, Hidden):
        return ("", "", "", "", f"fewer than {at_least}" if shown is Hidden.FEW else "not shown")
    return (str(shown), "", "", "", "yes")


def _share(share: Share) -> tuple[str, str, str, str]:
    return (f"{share.share:.4f}", f"{share.low:.4f}", f"{share.high:.4f}", "yes")


def _written(header: _Row, rows: Iterable[_Row]) -> str:
    into = io.StringIO()
    writer = csv.writer(into)
    writer.writerow(header)
    writer.writerows([no_formula(value) for value in row] for row in rows)
    return into.getvalue()
