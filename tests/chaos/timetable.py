"""When which text is owed, by the words of the agency's folder, for what is known of a call at a moment."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tests.folder_by_its_words import YES, Folder, duration
from tests.streams.known_by_the_words import Known, Rules, Verdict

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Owed:
    """A text, and a time in which it may go out: from `begins` until just before `ends`. `is_last`: after `ends` it is
    not true any more; else its time comes again in the morning. `since`, `place`: of a delay notice, from when the
    caller waits, and how many came before it since then."""

    kind: str
    number: str
    due: datetime
    begins: datetime
    ends: datetime
    is_last: bool = True
    since: datetime | None = None
    place: int = 0


class Timetable:
    """The folder's times.

    Raises:
        ValueError: the folder asks for what this calculation does not know.
    """

    def __init__(self, folder: Folder) -> None:
        confirmation, delay, survey = (folder.timetable[kind] for kind in ("confirmation", "delay", "survey"))
        for rule in (confirmation, delay):
            if "quiet_hours" in rule or "by_type" in rule:
                raise ValueError("this calculation knows neither quiet hours nor thresholds by type")
        if not all(isinstance(after, str) for after in delay["first_after"].values()):
            raise ValueError("this calculation knows no thresholds but from receipt on")
        self.rules = Rules(
            allowed=frozenset({"allowed"}),
            priorities=frozenset(map(int, folder.priorities)),
            sources=frozenset(folder.sources),
            after_received=duration(confirmation["after_received"]),
            after_hang_up=duration(confirmation["after_hang_up"]),
            first_delay={int(priority): duration(after) for priority, after in delay["first_after"].items()},
            repeat=duration(delay["repeat_every"]),
            not_surveyed=frozenset(survey.get("not_after") or []),
            only_after_arrival=survey.get("only_after_arrival", "false").lower() in YES,
        )
        self.confirmation_expires = duration(confirmation["expires_after"])
        self.delay_expires = duration(delay["expires_after"])
        self.notices_at_most = int(delay["at_most"])
        self.has_surveys = survey["enabled"].lower() in YES
        self.survey_after = duration(survey["after_cleared"])
        self.survey_expires = duration(survey["expires_after"])
        self.opens, self.closes = (time.fromisoformat(survey[name]) for name in ("opens", "closes"))
        self.zone: ZoneInfo = folder.survey_zone
        self.give_up_after = duration(folder.timetable["give_up_after"])
        self.undecided_for = duration(folder.undecided_for)
        self.texts_a_day = int(folder.numbers.get("texts_a_day", "10"))
        self.one_survey_in = duration(folder.numbers.get("one_survey_in", "30 d"))

    def owed(self, known: Known, *, until: datetime) -> Iterator[Owed]:
        """Every text that is owed at some time before `until` if this is known then; whether it was sent already, or
        the caller was confirmed, is for others to ask."""
        if known.verdict() is not Verdict.TEXT:
            return
        give_up = known.received_at() + self.give_up_after
        cleared = known.cleared_at()
        if cleared is not None:
            yield from self._survey(known, cleared)
            return
        due = known.confirmation_due(known.number())
        yield from _before(give_up, Owed("confirmation", known.number(), due, due, due + self.confirmation_expires))
        if not known.has_officer() and known.reading("priority") in self.rules.first_delay:
            for notice in self._delays(known, min(until, give_up)):
                yield from _before(give_up, notice)

    def _delays(self, known: Known, until: datetime) -> Iterator[Owed]:
        place = 0
        while (due := known.delay_due(place)) < until:
            ends = due + self.delay_expires
            yield Owed("delay", known.number(), due, due, ends, since=known.waiting_since(), place=place)
            place += 1

    def _survey(self, known: Known, cleared: datetime) -> Iterator[Owed]:
        if not self.has_surveys or not known.is_surveyed():
            return
        due, expires = self.opening(cleared + self.survey_after), cleared + self.survey_expires
        begins = due
        while begins < expires:
            closes = self._closing(begins)
            ends = min(closes, expires)
            yield Owed("survey", known.number(), due, begins, ends, is_last=self.opening(closes) >= expires)
            begins = self.opening(closes)

    def opening(self, at: datetime) -> datetime:
        """That moment, or the next at which surveys may be sent."""
        local = at.astimezone(self.zone)
        if self.opens <= local.time() < self.closes:
            return at
        day = local.date() + int(local.time() >= self.closes) * _DAY
        return datetime.combine(day, self.opens, tzinfo=self.zone).astimezone(UTC)

    def _closing(self, at: datetime) -> datetime:
        return datetime.combine(at.astimezone(self.zone).date(), self.closes, tzinfo=self.zone).astimezone(UTC)


def _before(end: datetime, owed: Owed) -> Iterator[Owed]:
    """Nothing is owed any more where the call is given up."""
    if owed.begins < end:
        yield replace(owed, ends=min(owed.ends, end))
