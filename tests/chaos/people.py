"""What people have said: STOP, START and WRONG NUMBER from phones, holds by staff; each for sure, or perhaps."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tests.chaos.knowledge import FOR_EVER
from tests.chaos.run_folder import Run, Said

STOPS: Final = {
    "stop",
    "stopall",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "revoke",
    "optout",
    "arret",
    "arreter",
    "fin",
}
STARTS: Final = {"start", "unstop", "yes", "debut", "reprendre"}
WRONG: Final = {"wrong number", "mauvais numero"}
_STOPS_SOMEHOW: Final = re.compile(r"stop|arr?et|unsub|abonn|opt out|wrong|mauvais|faux|numero")
EVERYTHING: Final = "everything"


@dataclass(frozen=True)
class Stretch:
    """In force at least from `surely_from` until `surely_until`, at most from `perhaps_from` until `perhaps_until`."""

    perhaps_from: datetime
    surely_from: datetime
    surely_until: datetime
    perhaps_until: datetime


class People:
    def __init__(self, run: Run) -> None:
        self._by_phone: dict[str, list[Said]] = {}
        self._by_staff: list[Said] = []
        for said in sorted(run.said, key=lambda said: said.at):
            if said.phone is not None:
                self._by_phone.setdefault(said.phone, []).append(said)
            elif said.what is not None:
                self._by_staff.append(said)

    @property
    def phones(self) -> Sequence[str]:
        return list(self._by_phone)

    def said(self, phone: str) -> Sequence[Said]:
        return self._by_phone.get(phone, [])

    # STOP (R6)

    def stops(self, phone: str) -> list[Said]:
        return [said for said in self.said(phone) if words(said.body) in STOPS]

    def starts(self, phone: str) -> list[Said]:
        return [said for said in self.said(phone) if words(said.body) in STARTS]

    def is_surely_stopped(self, phone: str, *, received: datetime, at: datetime) -> Said | None:
        """A STOP that the service had taken by then, and that no START ended before the call was received."""
        for stop in self.stops(phone):
            started = any(stop.at <= start.at <= received for start in self.starts(phone))
            if stop.done is not None and stop.done <= at and not started:
                return stop
        return None

    def may_be_stopped(self, phone: str, *, received: datetime, at: datetime) -> bool:
        """Somebody may have been understood to want no more texts."""
        for said in self.said(phone):
            is_stop = _STOPS_SOMEHOW.search(words(said.body)) is not None or words(said.body) in STOPS
            if is_stop and said.at <= at and not self._is_surely_started(phone, since=said, until=received):
                return True
        return False

    def is_wrong_number(self, phone: str, *, received: datetime, at: datetime) -> Said | None:
        for said in self.said(phone):
            if words(said.body) in WRONG and said.at >= received and said.done is not None and said.done <= at:
                return said
        return None

    def _is_surely_started(self, phone: str, *, since: Said, until: datetime) -> bool:
        return any(
            start.at >= (since.done or FOR_EVER) and start.done is not None and start.done <= until
            for start in self.starts(phone)
        )

    # Staff

    def held(self, call_id: str) -> Iterator[Stretch]:
        """When its texts, or all, were held."""
        yield from self._stretches("hold", "release", call_id)
        yield from self._stretches("stop everything", "go on", None)

    def _stretches(self, begins: str, ends: str, call_id: str | None) -> Iterator[Stretch]:
        its = [said for said in self._by_staff if call_id is None or said.call_id == call_id]
        for said in its:
            if said.what == begins:
                over = [other for other in its if other.what == ends and other.at >= said.at]
                yield Stretch(
                    perhaps_from=said.at,
                    surely_from=said.done or FOR_EVER,
                    surely_until=min((other.at for other in over), default=FOR_EVER),
                    perhaps_until=min((other.done for other in over if other.done is not None), default=FOR_EVER),
                )


def words(body: str) -> str:
    """Without accents, case and signs."""
    decomposed = unicodedata.normalize("NFKD", body.casefold())
    return " ".join(re.sub(r"[^a-z0-9 ]", " ", "".join(c for c in decomposed if not unicodedata.combining(c))).split())
