"""Reads what the year left: the log of what was fed, the database, the carrier's file; and accounts for each call."""

import csv
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from sqlalchemy import Engine, text

from calls.contracts import call_id
from starter.fictional_numbers import fictional_number
from tests.simulation.by_the_policy import Expected, ExpectedText, expected
from tests.year.accounts import Account, Call, Ledgered, OnPhone, Slack
from tests.year.clocks import CLOCKS, Clocks
from tests.year.fed import Fed
from tests.year.lives import moments

_AT_ONCE: Final = 5_000
_ELIGIBLE: Final = {"eligible": "true", "ineligible": "false", "undecided": "undecided"}
_DECISIONS: Final = text("SELECT call_id, eligibility, rule FROM call WHERE call_id = ANY(:ids)")
_LEDGER: Final = text(
    "SELECT id, call_id, kind, sequence, due_at, state, rule, settled_at, provider_sid FROM text "
    "WHERE call_id = ANY(:ids)"
)
_HEARD: Final = text("SELECT call_id, stamp, accepted_real FROM cad_record WHERE call_id = ANY(:ids)")
_LATENESS: Final = text(
    "SELECT kind = 'survey', floor(extract(epoch FROM due_at) / :width), max(extract(epoch FROM settled_at - due_at)) "
    "FROM text WHERE kind <> 'auto_reply' AND provider_sid IS NOT NULL GROUP BY 1, 2"
)


def account_for(home: Path, *, engine: Engine, agency: str, folder: Path, carrier: Path) -> Account:
    """Every call that was fed. What is read at a time are 5,000 calls; of the phones' texts the ids are in memory."""
    account = Account()
    phones = on_phones(carrier)
    known: set[UUID] = set()
    clocks = Clocks(home / CLOCKS)
    late = lateness(engine, speed=clocks.speed)
    numbered = enumerate(Fed(home / "fed.csv").rows())
    while batch := [row for row, _ in zip(numbered, range(_AT_ONCE), strict=False)]:
        for call in _calls(batch, engine, agency=agency, folder=folder, clocks=clocks):
            account.add(call, phones, late)
            known.update(row.id for row in call.ledger)
    account.strangers(known, phones)
    return account


def lateness(engine: Engine, *, speed: float) -> Slack:
    """How late the service was around a moment: as late as the latest text that was due within ten real seconds of it,
    and a second more. Surveys, which all go out at nine, by themselves."""
    width = 10 * speed
    with engine.connect() as connection:
        rows = connection.execute(_LATENESS, {"width": width})
        found = {(bool(is_survey), int(place)): float(late) for is_survey, place, late in rows}

    def at(kind: str, due: datetime) -> timedelta:
        is_survey, place = kind == "survey", int(due.timestamp() // width)
        late = max(found.get((is_survey, near), 0.0) for near in (place - 1, place, place + 1))
        return timedelta(seconds=late + speed)

    return at


def on_phones(carrier: Path) -> dict[UUID, list[OnPhone]]:
    """Every text of ours that a phone got, by the id that its status callback names."""
    found: dict[UUID, list[OnPhone]] = {}
    connection = sqlite3.connect(f"file:{carrier}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT callback_url, phone, status FROM entry WHERE kind = 'text' AND direction LIKE 'outbound%'"
        )
        for url, phone, status in rows:
            text_id = UUID(parse_qs(urlsplit(url).query)["mid"][0])
            found.setdefault(text_id, []).append(OnPhone(text_id=text_id, phone=phone, status=status))
    finally:
        connection.close()
    return found


def _calls(
    batch: Sequence[tuple[int, Mapping[str, str]]], engine: Engine, *, agency: str, folder: Path, clocks: Clocks
) -> Iterator[Call]:
    owed = _by_the_policy([row for _, row in batch], folder)
    texts: dict[str, list[ExpectedText]] = {}
    for one in owed.texts:
        texts.setdefault(one.call_id, []).append(one)
    ids = {call_id(agency=agency, cad_id=row["incident_id"]): row["incident_id"] for _, row in batch}
    with engine.connect() as connection:
        decisions = {
            ids[call]: (_ELIGIBLE[eligibility], rule)
            for call, eligibility, rule in connection.execute(_DECISIONS, {"ids": list(ids)})
        }
        ledger: dict[str, list[Ledgered]] = {}
        for text_row in connection.execute(_LEDGER, {"ids": list(ids)}).mappings():
            ledger.setdefault(ids[text_row["call_id"]], []).append(_ledgered(text_row))
        heard: dict[str, timedelta] = {}
        for call, stamp, accepted in connection.execute(_HEARD, {"ids": list(ids)}):
            heard[ids[call]] = max(heard.get(ids[call], timedelta(0)), clocks.at(accepted) - stamp)
    for number, row in batch:
        cad_id = row["incident_id"]
        yield Call(
            call=cad_id,
            phone=fictional_number(number),
            moments=moments(row),
            decision=owed.decisions[cad_id],
            owed=texts.get(cad_id, []),
            found=decisions.get(cad_id),
            ledger=ledger.get(cad_id, []),
            heard_late=heard.get(cad_id, timedelta(0)),
        )


def _by_the_policy(rows: Sequence[Mapping[str, str]], folder: Path) -> Expected:
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "log.csv"
        with log.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return expected(log, folder)


def _ledgered(row: Any) -> Ledgered:
    is_carried = row["provider_sid"] is not None
    return Ledgered(
        id=row["id"],
        kind=row["kind"],
        sequence=row["sequence"],
        due_at=row["due_at"].astimezone(UTC),
        state=row["state"],
        rule=row["rule"],
        carried_at=row["settled_at"] if is_carried else None,
    )
