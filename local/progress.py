"""The live display of `make run`: the service's clock, the log, the texts, and where to look."""

import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text
from sqlalchemy import Engine, func
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from calls.contracts import WENT_OUT, Kind, LedgerState
from calls.eligibility import Eligibility
from database.surveys import HeldAnswerRow
from database.tables import CallRow, SurveyResponseRow, TextRow
from local.box import Box
from starter.replay import Progress

_COUNT_EVERY_SECONDS = 1.0
_PRINT_EVERY_SECONDS = 10.0  # where the output is a file, and nothing can be drawn over


class Display:
    """Draws over itself in a terminal; prints a line now and then elsewhere."""

    def __init__(self, *, box: Box, engine: Engine, progress: Progress, console: Console) -> None:
        self._box = box
        self._engine = engine
        self._progress = progress
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=False) if console.is_terminal else None
        self._texts: Counter[tuple[str, str]] = Counter()
        self._answers = 0
        self._calls: Counter[str] = Counter()
        self._counted = self._printed = -_PRINT_EVERY_SECONDS

    def __enter__(self) -> Self:
        self._say_where_to_look()
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def refresh(self) -> None:
        """Show the present state. Counts at most once a second."""
        now = time.monotonic()
        if now - self._counted < _COUNT_EVERY_SECONDS:
            return
        self._counted = now
        with suppress(OperationalError):  # PostgreSQL is being started again: the last numbers stay
            self._count()
        if self._live is not None:
            self._live.update(self._picture(), refresh=True)
        elif now - self._printed >= _PRINT_EVERY_SECONDS:
            self._printed = now
            self._console.print(self._line(), soft_wrap=True)

    def _count(self) -> None:
        with Session(self._engine) as session:
            query = select(TextRow.kind, TextRow.state, func.count()).group_by(col(TextRow.kind), col(TextRow.state))
            self._texts = Counter({(kind, state): count for kind, state, count in session.exec(query)})
            self._answers = sum(
                session.exec(select(func.count()).select_from(table)).one()
                for table in (SurveyResponseRow, HeldAnswerRow)  # these wait for the night
            )
            calls = select(CallRow.eligibility, func.count()).group_by(col(CallRow.eligibility))
            self._calls = Counter(dict(session.exec(calls).all()))

    def _say_where_to_look(self) -> None:
        say = self._console.print
        say("\nWhere to look", style="bold")
        say(
            f"  Phones     {self._box.phones_url}  every text as its phone shows it; reply, or tap a link",
            soft_wrap=True,
        )
        say(f"  Temporal   {self._box.temporal_ui_url}  the story of each call", soft_wrap=True)
        say(f"  Console    {self._box.console_url}  for staff; password {self._box.console_password}", soft_wrap=True)
        say(f"  Open data  {self._box.portal_url}  the public pages, of made-up quarters", soft_wrap=True)
        say(f"  Residents  {self._box.origin}  what the public sees", soft_wrap=True)
        say(f"  CAD        {self._box.cad_url}  push a call of your own: docs/cad-push.md", soft_wrap=True)
        say(f"  Logs       {self._box.state.logs}\n", soft_wrap=True)

    def _picture(self) -> Group:
        table = Table.grid(padding=(0, 2))
        for name, value in self._facts():
            table.add_row(Text(name, style="bold"), value)
        return Group(table, Text("Ctrl-C stops everything.", style="dim"))

    def _line(self) -> str:
        return " | ".join(f"{name}: {value}" for name, value in self._facts())

    def _facts(self) -> list[tuple[str, str]]:
        progress, calls = self._progress, self._calls
        local = self._box.clock.at(datetime.now(UTC)).astimezone(self._box.agency.policy.timetable.zone_info)
        facts = [
            ("Clock", f"{local:%Y-%m-%d %H:%M} ({self._box.clock.speed:g} times real time)"),
            ("Log", f"{progress.played} of {progress.records} records" + (", all played" if progress.is_done else "")),
            (
                "Calls",
                f"{calls.total()}: {calls[Eligibility.ELIGIBLE]} eligible, "
                f"{calls[Eligibility.INELIGIBLE]} not, {calls[Eligibility.UNDECIDED]} undecided",
            ),
            ("Texts", ", ".join(f"{self._went_out(kind)} {kind.replace('_', ' ')}" for kind in Kind)),
            ("Held back", ", ".join(f"{n} {kind} {state}" for (kind, state), n in self._held_back()) or "none"),
            ("Surveys", f"{self._answers} answered"),
        ]
        if progress.unknown_codes:
            facts.append(
                ("Unknown", "; ".join(f"{n} x {reason}" for reason, n in progress.unknown_codes.most_common(3)))
            )
        return facts

    def _went_out(self, kind: Kind) -> int:
        return sum(self._texts[kind, state] for state in WENT_OUT)

    def _held_back(self) -> list[tuple[tuple[str, str], int]]:
        states = {LedgerState.SUPPRESSED, LedgerState.EXPIRED, LedgerState.FAILED, LedgerState.UNKNOWN}
        return sorted((key, count) for key, count in self._texts.items() if key[1] in states)
