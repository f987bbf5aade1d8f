"""What a reader sees of the store: rows of the overview and bubbles of a thread, in a language and on a clock."""

import re
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

from local.carrier import numbers
from local.carrier.clock import Clock, now
from local.carrier.entries import Entry
from local.carrier.wording import Wording

_LINK = re.compile(r"https?://[^\s<>\"«»]*[^\s<>\"«».,;:!?)\]]")


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation in the overview."""

    digits: str
    number: str
    snippet: str
    when: str
    current: bool


@dataclass(frozen=True, slots=True)
class Bubble:
    """One thing in a thread."""

    id: str
    look: str  # day, theirs, mine, notice, call
    label: str
    body: Markup
    when: str
    moment: str
    state: str
    failed: bool
    said: tuple[tuple[str, str, str], ...] = ()  # language tag, its name, what was said
    over: bool = True  # a call has ended


@dataclass(frozen=True, slots=True)
class Reading:
    """How one reader sees things."""

    wording: Wording
    clock: Clock

    def row(self, entry: Entry, *, current: str) -> Row:
        moment, today = entry.shown, self.clock.local(now()).date()
        text = self.wording("call_snippet") if entry.kind == "call" else entry.body
        mine = entry.direction == "inbound" and entry.kind == "text"
        return Row(
            digits=entry.phone.removeprefix("+"),
            number=numbers.shown(entry.phone),
            snippet=(f"{self.wording('from_phone')}: " if mine else "") + text[:140],
            when=self.wording.time(moment) if moment.date() == today else self.wording.short_day(moment.date()),
            current=entry.phone == current,
        )

    def thread(self, entries: list[Entry]) -> list[Bubble]:
        several = len({entry.sender for entry in entries}) > 1
        bubbles, day, days = list[Bubble](), None, set[date]()
        for entry in entries:
            if entry.shown.date() != day:
                day = entry.shown.date()
                again = f"-{entry.id}" if day in days else ""  # the clock of a later run was behind
                days.add(day)
                label = self.wording.day(day)
                bubbles.append(Bubble(f"d-{day}{again}", "day", label, Markup(), "", day.isoformat(), "", failed=False))
            bubbles.append(self._bubble(entry, several=several))
        return bubbles

    def _bubble(self, entry: Entry, *, several: bool) -> Bubble:
        look, label, state, failed = self._described(entry)
        if several and look == "theirs":
            label = self.wording("from_service", number=numbers.shown(entry.sender))
        return Bubble(
            id=f"m-{entry.id}",
            look=look,
            label=label,
            body=linked(entry.body, self.wording("new_tab")),
            when=self.wording.time(entry.shown),
            moment=entry.shown.isoformat(timespec="seconds"),
            state=state,
            failed=failed,
            over=entry.status != "ringing",
            said=tuple((part.language, self.wording.spoken(part.language), part.text) for part in entry.said),
        )

    def _described(self, entry: Entry) -> tuple[str, str, str, bool]:
        """How an entry looks, whose it is, how far it is, and whether that is a failure."""
        ringing = entry.status == "ringing"
        heard = self.wording(f"webhook_{entry.webhook}")
        unheard = entry.webhook not in ("", "heard")
        if entry.kind == "notice":
            return "notice", self.wording("from_network"), "", False
        if entry.kind == "call":
            label = self.wording("call_to", number=numbers.shown(entry.sender))
            return "call", label, heard if unheard else self.wording(f"status_{entry.status}"), unheard and not ringing
        if entry.direction == "inbound":
            return "mine", "", heard, unheard
        failed = entry.status in ("undelivered", "failed")
        return "theirs", "", self.wording(f"status_{entry.status}", code=entry.error_code), failed


def linked(text: str, new_tab: str) -> Markup:
    """The text with its addresses clickable, and everything else escaped."""
    parts, end = list[str](), 0
    for link in _LINK.finditer(text):
        address = escape(link.group())
        parts.append(escape(text[end : link.start()]))
        parts.append(
            f'<a href="{address}" target="_blank" rel="noopener noreferrer">{address}'
            f'<span class="unseen"> ({escape(new_tab)})</span></a>'
        )
        end = link.end()
    parts.append(escape(text[end:]))
    return Markup("".join(parts))  # noqa: S704 - each part has been escaped above
