"""The figures of the insights, calculated a second time: from the raw tables, row by row, by the words of the pages.

It shares no line with `insights/` or `web/staff/`. Wilson's interval is scipy's.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scipy.stats import binomtest
from sqlalchemy import Engine, text

ZONE = ZoneInfo("America/Toronto")
STEPS = ("invited", "delivered", "opened", "started", "submitted")
PARTS = ("week", "language", "priority", "group", "area", "wait")
REACH_PARTS = ("area", "group", "language", "priority")
KINDS = (
    *("reached", "no_number", "untextable", "landline", "opted_out", "not_delivered", "not_known", "held_back"),
)  # fmt: skip
SCALES = ("Q1", "Q2", "Q3", "Q4", "Q5", "Q7", "Q8", "Q9")
OPTIONS = {
    "Q6": ("in_person", "by_phone", "no", "not_sure"),
    "Q10": ("driving", "noise", "vandalism", "theft", "break_ins", "drugs", "disorder", "hate", "other", "none"),
}
Filter = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """One survey."""

    about: Mapping[str, str]
    given: Mapping[str, Any]


@dataclass
class Facts:
    """The raw tables."""

    answers: list[Answer]
    invited: list[dict[str, str]]
    counted: list[dict[str, Any]]
    calls: list[dict[str, str]]
    last_day: date


def read(engine: Engine) -> Facts:
    with engine.connect() as connection:

        def rows(sql: str) -> list[Any]:
            return list(connection.execute(text(sql)).all())

        last_day = rows("SELECT day FROM survey_cut WHERE agency = 'ottawa'")[0].day
        languages = {row.call_id: row.language for row in rows("SELECT call_id, language FROM survey_invitation")}
        texts: dict[str, list[Any]] = {}
        for row in rows("SELECT call_id, kind, state, rule, error_code, due_at, settled_at FROM text"):
            texts.setdefault(row.call_id, []).append(row)
        return Facts(
            answers=[_answer(row) for row in rows("SELECT week, language, context, answers FROM survey_response")],
            invited=[
                {"week": week(one.settled_at or one.due_at), "language": languages[call] or "und", "state": one.state}
                for call, all_of_it in texts.items()
                for one in all_of_it
                if one.kind == "survey" and one.state in ("accepted", "sent", "delivered", "undelivered", "unknown")
            ],
            counted=[dict(row._mapping) for row in rows("SELECT week, language, opened, started FROM survey_count")],
            calls=[_call(row, texts.get(row.call_id, [])) for row in rows("SELECT call_id, rule, facts FROM call")],
            last_day=last_day,
        )


def week(moment: datetime | date) -> str:
    day = moment.astimezone(ZONE) if isinstance(moment, datetime) else moment
    return "{}-W{:02}".format(*day.isocalendar()[:2])


def _answer(row: Any) -> Answer:
    named = {"priority": "priority", "group": "call_type_group", "area": "area", "wait": "delay_band"}
    told = {ours: str(row.context.get(theirs, "")) for ours, theirs in named.items()}
    return Answer({"week": row.week, "language": row.language, **told}, row.answers)


def _call(row: Any, texts: Sequence[Any]) -> dict[str, str]:
    facts = row.facts
    told = {"priority": "priority", "group": "call_type_group", "area": "area", "language": "language"}
    call = {ours: "" if facts[theirs] is None else str(facts[theirs]) for ours, theirs in told.items()}
    firsts = [one for one in texts if one.kind == "confirmation"]
    received = datetime.fromisoformat(facts["received_at"]).astimezone(ZONE)
    return {**call, "month": f"{received:%Y-%m}", "became": _became(row.rule, firsts)}


def _became(rule: str, firsts: Sequence[Any]) -> str:
    """Empty: nobody would have texted this call."""
    states = {one.state for one in firsts}
    if not firsts:
        return {"no number to text": "no_number", "no number that may be texted": "untextable"}.get(rule, "")
    if "delivered" in states:
        return "reached"
    if any(one.rule == "opted out" for one in firsts):
        return "opted_out"
    if any(one.rule == "landline" or one.error_code in (30006, 21614, 21635) for one in firsts):
        return "landline"
    if states & {"undelivered", "failed"}:
        return "not_delivered"
    return "not_known" if states - {"suppressed", "expired"} else "held_back"


def fits(about: Mapping[str, str], wanted: Filter) -> bool:
    if not wanted.get("from", "") <= about["week"] <= wanted.get("to", "9"):
        return False
    return all(about.get(name) == value for name, value in wanted.items() if name not in ("from", "to", "question"))


def wilson(count: int, of: int) -> tuple[float, float]:
    interval = binomtest(count, of).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


@dataclass
class Result:
    """Of one question among some people: `base`, and how many of them chose each option."""

    base: int
    chosen: Counter[str]

    @property
    def are_alike(self) -> bool:
        """All that chose, chose the same."""
        return self.base > 0 and all(count in (0, self.base) for count in self.chosen.values())

    @property
    def favourable(self) -> int:
        return self.chosen["4"] + self.chosen["5"]

    @property
    def unfavourable(self) -> int:
        return self.chosen["1"] + self.chosen["2"]


def result(answers: Iterable[Answer], question: str) -> Result:
    base, chosen = 0, Counter[str]()
    for answer in answers:
        said = answer.given.get(question)
        if said is None or (question in SCALES and said not in ("1", "2", "3", "4", "5")):
            continue
        base += 1
        chosen.update([said] if isinstance(said, str) else said)
    return Result(base, chosen)


def by_part(facts: Facts, wanted: Filter, question: str, part: str) -> dict[str, Result]:
    """For each value that an answer of those has; `*`: all."""
    those = [answer for answer in facts.answers if fits(answer.about, wanted)]
    groups: dict[str, list[Answer]] = {}
    for answer in those:
        groups.setdefault(answer.about[part], []).append(answer)
    return {"*": result(those, question), **{value: result(some, question) for value, some in groups.items()}}


@dataclass
class Together:
    """Weeks of the funnel that stand together. `steps`: by language, of those that are told apart; the others under
    an empty one."""

    weeks: list[str]
    steps: dict[str, Counter[str]]

    @property
    def name(self) -> str:
        return "/".join(dict.fromkeys([self.weeks[0], self.weeks[-1]]))


def together(facts: Facts) -> list[Together]:
    """By the words of the page: weeks that are over, as many as it takes; a language apart where it is not few."""
    next_week = week(facts.last_day + timedelta(days=1))
    by_week: dict[str, dict[str, Counter[str]]] = {}

    def add(about: Mapping[str, Any], step: str, count: int) -> None:
        if about["week"] < next_week:
            by_week.setdefault(about["week"], {}).setdefault(about["language"], Counter())[step] += count

    for one in facts.invited:
        add(one, "invited", 1)
        add(one, "delivered", int(one["state"] == "delivered"))
    for row in facts.counted:
        add(row, "opened", row["opened"])
        add(row, "started", row["started"])
    for answer in facts.answers:
        add(answer.about, "submitted", 1)
    found: list[Together] = []
    kept = Together([], {})
    for one_week in sorted(by_week):
        kept.weeks.append(one_week)
        for language, steps in by_week[one_week].items():
            kept.steps.setdefault(language, Counter()).update(steps)
        if not few_in(sum(kept.steps.values(), Counter())):
            found.append(Together(kept.weeks, _apart(kept.steps)))
            kept = Together([], {})
    return found


def few_in(steps: Mapping[str, int]) -> bool:
    """One of its figures, or what one is short of an earlier one, is of one to four."""
    numbers = [steps[step] for step in STEPS]
    short = [numbers[i] - numbers[j] for i in range(5) for j in range(i + 1, 5)]
    return any(0 < number < 5 for number in (*numbers, *short))


def _apart(steps: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    apart = {language: of for language, of in steps.items() if not few_in(of)}
    pool: Counter[str] = sum((of for language, of in steps.items() if language not in apart), Counter())
    while few_in(pool):
        smallest = min(apart, key=lambda language: (apart[language]["invited"], language))
        pool += apart.pop(smallest)
    return apart if len(apart) == len(steps) else {**apart, "": pool}


def funnel(facts: Facts, wanted: Filter) -> dict[str, Counter[str]]:
    """By weeks that stand together, and `*`."""
    found: dict[str, Counter[str]] = {"*": Counter()}
    for block in together(facts):
        if not wanted.get("from", "") <= block.weeks[0] or not block.weeks[-1] <= wanted.get("to", "9"):
            continue
        language = wanted.get("language")
        if language is not None and language not in block.steps:
            continue
        steps = sum(block.steps.values(), Counter()) if language is None else block.steps[language]
        found[block.name] = steps
        found["*"] += steps
    return found


def months_over(facts: Facts) -> list[str]:
    """Of which there is a call that somebody would have texted; the newest first."""
    before = f"{facts.last_day + timedelta(days=1):%Y-%m}"
    return sorted({call["month"] for call in facts.calls if call["became"] and call["month"] < before}, reverse=True)


def reach(facts: Facts, month: str, part: str) -> dict[str, Counter[str]]:
    """By area, group, language or priority, and `*`."""
    found: dict[str, Counter[str]] = {"*": Counter()}
    for call in facts.calls:
        if call["became"] and call["month"] == month:
            for value in (call[part], "*"):
                found.setdefault(value, Counter()).update([call["became"], "total"])
    return found
