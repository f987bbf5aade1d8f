"""The way through a survey, page by page: which page is next, what it shows, and what has been typed so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from survey.answers import check_answers
from survey.questions import Localized, Question, Survey

Given = Mapping[str, Sequence[str]]
"""What was typed and chosen, by question id, as forms have it. Also of questions that are skipped after all: whoever
changes a gate's answer back finds it again. What counts of it says `check_answers`."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page. `number` counts from 1, skipped pages included."""

    number: int
    title: Localized | None
    questions: Sequence[Question]


@dataclass(frozen=True, kw_only=True)
class Place:
    """`Step 2 of 4`, as it is told to somebody who never sees the pages that are skipped."""

    step: int
    of: int


class Way:
    """The pages of a survey, and the way that given answers lead through them.

    The first page and the last are there for everybody: nothing before the first could open or close it, and the
    survey's own check holds the last.
    """

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        questions = {question.id: question for question in survey.questions}
        self.pages: Final[Sequence[Page]] = [
            Page(number=number, title=step.title, questions=[questions[id_] for id_ in step.questions])
            for number, step in enumerate(survey.steps, start=1)
        ] or [Page(number=1, title=None, questions=survey.questions)]

    def sent(self, number: int) -> Page:
        """The page with this number, the nearest one to it where there is none. It may be skipped by now, for somebody
        who has it open on two devices: then nothing that is sent with it counts."""
        return self.pages[min(max(number, 1), len(self.pages)) - 1]

    def page(self, number: int, given: Given) -> Page:
        """The page to show for this number; where nothing is asked there, the one before it."""
        wanted = self.sent(number)
        return wanted if self.shown(wanted, given) else self.before(wanted, given) or self.pages[0]

    def after(self, page: Page, given: Given) -> Page | None:
        """The next page; none after the last."""
        return next((later for later in self.pages[page.number :] if self.shown(later, given)), None)

    def before(self, page: Page, given: Given) -> Page | None:
        """The page before; none before the first."""
        return next((one for one in reversed(self.pages[: page.number - 1]) if self.shown(one, given)), None)

    def place(self, page: Page, given: Given) -> Place:
        """The step that the page is, and how many there may be. Whoever goes on never sees the second number grow."""
        step = 1 + sum(bool(self.shown(earlier, given)) for earlier in self.pages[: page.number - 1])
        open_ = [question.id for question in self.shown(page, given)]
        to_come = 0
        for later in self.pages[page.number :]:
            shown = self._shown(later, given, may_open=open_)
            to_come += bool(shown)
            open_ += [question.id for question in shown]
        return Place(step=step, of=step + to_come)

    def shown(self, page: Page, given: Given) -> list[Question]:
        """The questions on the page: those that are asked, and those that an answer on the page itself may open."""
        return self._shown(page, given, may_open=())

    def typed(self, page: Page, form: Given, given: Given) -> Given:
        """What is given once a page has been sent: its questions as they were sent, the others as they were."""
        shown = {question.id for question in self.shown(page, given)}
        kept = {id_: values for id_, values in given.items() if id_ not in shown}
        sent = {id_: [value for value in form.get(id_, ()) if value.strip()] for id_ in shown}
        return kept | {id_: values for id_, values in sent.items() if values}

    def _shown(self, page: Page, given: Given, *, may_open: Sequence[str]) -> list[Question]:
        asked = {question.id for question in self._survey.asked(check_answers(self._survey, given).values)}
        open_ = set(may_open)
        shown: list[Question] = []
        for question in page.questions:
            condition = question.only_if
            if question.id in asked or (condition is not None and condition.question in open_):
                shown.append(question)
                open_.add(question.id)
        return shown
