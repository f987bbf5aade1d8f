"""CAD's doors without a database: a log that is played, a folder of files, pushed JSON, EIDO, a view's rows."""

import copy
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from calls.call_record import CallRecord
from policy.agency import Agency, load_agency
from policy.cad_eido import EidoId
from policy.cad_mapping import CadMapping
from starter.code_check import decision_on, taking
from starter.csv_log import LogError, read_log
from starter.log_check import check_log
from starter.log_records import Window, records_of_log
from starter.poll_rows import RowReader, as_view
from starter.push.body import BadBody, Part, eidos_in, records_in
from starter.readers.rows import read_row
from starter.readers.samples import read_samples
from tests.builders import NOON, minutes
from tests.conftest import AGENCIES
from tests.fuzz.door import NUMBER, Database, Door, Fed, Target
from tests.fuzz.holding import NOW, can_be_taken, refused_in_one_line, silences
from tests.starter.eidos import component, eido, with_eido
from tests.starter.feed_files import (
    FEED_COLUMNS,
    csv_bytes,
    json_bytes,
    lines_bytes,
    live,
    mapping_with,
    record,
    row,
    zipped,
)
from tests.starter.logs import log_text
from tests.starter.logs import row as log_row

_ALL: Final = Window(start=None, end=None)
_TIMES: Final = (
    "2026-01-15 12:00:00",
    "2026-11-01 01:30:00",
    "1900-01-01",
    "9999-12-31 23:59:59",
    "24:00",
    "0001-01-01",
)
_CODES: Final = ("ASSAULT", "NOISE", "THEFT IN PROGRESS", "phone", "officer", "CAN", "DUP", "GOA", "EN", "FR", "\\N")
_JSON_WORDS: Final = (
    '"in_progress"',
    '"cad_id"',
    "true",
    "null",
    "[",
    "]",
    "{",
    "}",
    '"\\ud800"',
    '"\\u0000"',
    "1e999",
    "-0",
)


def _ottawa() -> Agency:
    return live(load_agency(AGENCIES / "ottawa"))


def _mappings(agency: Agency) -> list[Agency]:
    """The folder's reading, and those that other vendors' files need."""
    other = [{"encoding": "windows-1252", "separator": ";"}, {"encoding": "utf-16", "separator": "\t"}]
    mappings = [agency.cad, *(mapping_with(agency.cad, **changes) for changes in other)]
    return [agency.model_copy(update={"cad": mapping}) for mapping in mappings]


@contextmanager
def _file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        yield Path(folder)


# A log that is played


@contextmanager
def log_door(_database: Database) -> Iterator[Target]:
    agencies = _mappings(_ottawa())
    with _file() as folder:
        path = folder / "log.csv"

        def target(given: bytes) -> None:
            agency = agencies[given[:1][0] % len(agencies)] if given else agencies[0]
            path.write_bytes(given[1:])
            try:
                log = read_log(path, agency.cad)
            except LogError as error:
                refused_in_one_line(error.what)
                return
            for problem in log.problems:
                assert str(problem).isprintable()
            check_log(log, agency)
            calls: dict[str, CallRecord] = {}
            for one in records_of_log(log, agency, feed="log", window=_ALL):
                call = calls.get(one.cad_id, CallRecord(agency=agency.key, cad_id=one.cad_id))
                calls[one.cad_id] = taking(call, one, agency, now=NOW)
            for call in calls.values():
                decision_on(call, agency)

        yield target


def log_seeds() -> Iterable[bytes]:
    rows = [
        log_row(
            incident_id="1001", dispatched="2026-01-15 12:10:00", first_closed="2026-01-15 13:00:00", disposition="R"
        ),
        log_row(incident_id="1002", type_initial="ASSAULT", area="Bay"),
        log_row(incident_id="1001", type_final="THEFT IN PROGRESS", reopened_at="2026-01-15 14:00:00"),
        log_row(incident_id="1003", received="2026-11-01 01:30:00", final_closed="2026-11-01 01:10:00"),
    ]
    yield b"\x00" + log_text(*rows).encode()
    yield b"\x00" + csv_bytes(row(1), row(2, type_initial="ASSAULT"))
    yield b"\x01" + log_text(*rows).replace(",", ";").encode("windows-1252")
    yield b"\x02" + log_text(*rows[:2]).replace(",", "\t").encode("utf-16")
    yield b"\x00" + zipped(log_text(*rows).encode())
    yield b"\x00" + log_text(log_row(area='a "quoted\r\ncell"')).encode()


# A folder of files


@contextmanager
def drop_door(_database: Database) -> Iterator[Target]:
    agencies = _mappings(with_eido(_ottawa()))
    names = ("a.csv", "a.json", "a.ndjson", "a")
    with _file() as folder:

        def target(given: bytes) -> None:
            fed = Fed(given[:2])
            agency, path = agencies[fed.below(len(agencies))], folder / names[fed.below(len(names))]
            path.write_bytes(given[2:])
            try:
                for sample in read_samples(path, agency.cad, now=NOON):
                    assert sample.place.isprintable()
                    can_be_taken(sample.read, agency)
            except LogError as error:
                refused_in_one_line(error.what)
            if path.suffix == ".csv":
                _a_damaged_row_is_not_overlooked(given, folder, agencies[0])

        yield target


def _a_damaged_row_is_not_overlooked(given: bytes, folder: Path, agency: Agency) -> None:
    """R1: an assault whose row has lost a cell, or has one too many, at a place that the input chooses."""
    fed = Fed(given[2:])
    cells = list(row(7, type_initial="ASSAULT").values())
    danger, place = FEED_COLUMNS.index("type_initial"), fed.below(len(cells))
    if place == danger or place == FEED_COLUMNS.index("incident_id"):
        return
    if fed.below(2):
        del cells[place]
    else:
        cells.insert(place, ("x", "", "2026-01-15 12:00:00", "NOISE", "4")[fed.below(5)])
    path = folder / "damaged.csv"
    path.write_text(",".join(FEED_COLUMNS) + "\n" + ",".join(cells) + "\n", encoding="utf-8")
    (sample,) = read_samples(path, agency.cad, now=NOON)
    assert silences(sample.read, agency), cells


def drop_seeds() -> Iterable[bytes]:
    rows = [row(1), row(2, type_initial="ASSAULT"), row(3, updated="", received="2026-11-01 01:30:00")]
    yield b"\x00\x00" + csv_bytes(*rows)
    yield b"\x01\x00" + csv_bytes(*rows).replace(b",", b";").replace(b"NOISE", b"NOIS\xc9")
    yield b"\x02\x00" + csv_bytes(*rows).decode().replace(",", "\t").encode("utf-16")
    yield b"\x00\x00" + zipped(csv_bytes(*rows))
    yield b"\x00\x00" + csv_bytes(*rows) + b'4,"a quote that does not end\n' + csv_bytes(row(5)).split(b"\n")[1]
    yield b"\x00\x01" + json_bytes({"records": [record(1), record(2, call_type="ASSAULT"), {"cad_id": "3"}]})
    yield b"\x00\x01" + json_bytes(_an_eido())
    yield b"\x00\x02" + lines_bytes(record(1), record(2, in_progress=True), _an_eido())
    yield b"\x00\x03" + json_bytes([record(1), "nothing"])


# Pushed JSON


@contextmanager
def json_door(_database: Database) -> Iterator[Target]:
    agency = _ottawa()

    def target(given: bytes) -> None:
        _bodies(given, records_in, [agency], in_progress=True)

    yield target


def _bodies(
    given: bytes, cut: Callable[[bytes, CadMapping], Iterator[Part]], agencies: Sequence[Agency], **danger: object
) -> None:
    for agency in agencies:
        try:
            parts = list(cut(given, agency.cad))
        except BadBody as error:
            refused_in_one_line(str(error))
            return
        for part in parts:
            _further_down(part.raw, calls=200)
            can_be_taken(part.read, agency)
            _a_danger_is_not_overlooked(part, cut, agency, danger)


def _further_down(raw: Callable[[], bytes], *, calls: int) -> None:
    """What was read can be written again, however many calls are in between."""
    if calls:
        _further_down(raw, calls=calls - 1)
    else:
        raw()


def _a_danger_is_not_overlooked(
    part: Part, cut: Callable[[bytes, CadMapping], Iterator[Part]], agency: Agency, danger: Mapping[str, object]
) -> None:
    """R1: the same with a danger in it, however damaged the rest of it is."""
    document = json.loads(part.raw())
    if not isinstance(document, dict) or "records" in document:
        return
    (dangerous,) = list(cut(json.dumps({**document, **copy.deepcopy(danger)}).encode(), agency.cad))
    assert silences(dangerous.read, agency), dangerous.read


def json_seeds() -> Iterable[bytes]:
    yield json_bytes(record(1))
    yield json_bytes({"records": [record(1), record(2, call_type="ASSAULT", first_call_type="NOISE"), "x"]})
    yield json_bytes({"cad_id": "3", "event": "dispatched", "at": "2026-01-15T17:41:09Z"})
    yield json_bytes({"cad_id": "3", "event": "cancelled", "cancelled": "duplicate", "inProgress": True})
    yield json_bytes(record(4, cleared_at="2026-01-15T18:20:00-05:00", disposition="R", officer_key="B17", area="Bay"))
    yield json_bytes(
        record(5, phone="613-555-0142", received_at="1900-01-01T00:00:00Z", dispatched_at="2026-06-30T23:59:60Z")
    )
    yield json_bytes({"cad_id": 6, "priority": 4, "call_type": ["NOISE"], "safety_flag": "N"})
    yield b'{"cad_id": "7", "priority": ' + b"[" * 60 + b"]" * 60 + b"}"


# EIDO


@contextmanager
def eido_door(_database: Database) -> Iterator[Target]:
    agency = load_agency(AGENCIES / "ottawa")
    agencies = [with_eido(agency, cad_id=id_) for id_ in EidoId]

    def target(given: bytes) -> None:
        _bodies(given, eidos_in, agencies, cautionComponent=[{"$id": "danger-1", "cautionSeverity": "lowest"}])

    yield target


def _an_eido(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"cad_id": "1001", "received": NOON, "phone": NUMBER, "case_number": "26-104233"}
    return eido(**{**told, **changes})


def eido_seeds() -> Iterable[bytes]:
    yield json_bytes(_an_eido())
    yield json_bytes(_an_eido(dispatched=NOON + minutes(10), arrived=NOON + minutes(20)))
    yield json_bytes(_an_eido(cleared=NOON + minutes(90), disposition="01"))
    yield json_bytes([_an_eido(common_type="DVA"), _an_eido(priority="1"), _an_eido(call_type="ASSAULT")])
    merged = component("merge-1", NOON, incidentMergeDirectionCode="REPLACED")
    yield json_bytes(_an_eido() | {"mergeComponent": [merged], "linkComponent": [{"linkDirectionCode": "CHILD"}]})


# A view's rows


@contextmanager
def view_door(_database: Database) -> Iterator[Target]:
    agency = _ottawa()
    mapping = as_view(agency.cad)
    columns = list(dict.fromkeys(mapping.columns.named))

    def target(given: bytes) -> None:
        lines = given.decode("utf-8", "surrogateescape").split("\n")
        for begin in range(0, min(len(lines), 3 * len(columns)), len(columns)):
            values = [_value(line) for line in lines[begin : begin + len(columns)]]
            values += [None] * (len(columns) - len(values))
            shown = RowReader([name.upper() for name in columns], mapping.columns).row(values)
            assert len(shown.raw()) < 100 * (len(given) + 1_000)
            read = read_row(shown.cells, mapping, now=NOON)
            can_be_taken(read, agency)

    yield target


def _value(line: str) -> object:
    """`int 4`, `date 2026-01-15`: what a driver may give, by its name and as it is written."""
    kind, _, text = line.partition(" ")
    with suppress(ValueError, InvalidOperation, OverflowError):
        return _KINDS.get(kind, str)(text)
    return text


_KINDS: Final[Mapping[str, Callable[[str], object]]] = {
    "none": lambda _: None,
    "int": int,
    "float": float,
    "decimal": Decimal,
    "bool": lambda text: text == "true",
    "moment": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "seconds": lambda text: timedelta(seconds=float(text)),
    "bytes": lambda text: text.encode("utf-8", "surrogateescape"),
    "at": lambda text: datetime.fromtimestamp(float(text), tz=UTC),
}


def view_seeds() -> Iterable[bytes]:
    columns = list(dict.fromkeys(as_view(_ottawa().cad).columns.named))
    typed = {
        "incident_id": "int 1001",
        "priority_native": "decimal 4.0",
        "received": "moment 2026-01-15 12:00:00+00:00",
        "dispatched": "at 1768500000",
        "updated": "moment 2026-01-15 12:01:00",
        "first_closed": "date 2026-01-15",
        "final_closed": "seconds 40000",
        "area": "bytes \x01",
        "disposition": "float nan",
    }
    ordinary = {**row(1001), **dict.fromkeys(("language",), "EN")}
    yield "\n".join(f"str {ordinary[name]}" for name in columns).encode()
    yield "\n".join(typed.get(name, f"str {ordinary[name]}") for name in columns).encode()
    yield "\n".join([typed.get(name, "none ") for name in columns] * 2).encode()
    yield "\n".join("decimal 1E-300" for _ in columns).encode()


CAD_DOORS: Final = (
    Door(
        name="log",
        what="a log that is played (`run`, `simulate`, `agency check --cad`)",
        held="read or refused in one line; every record can be a fact, and is decided on",
        open=log_door,
        seeds=log_seeds,
        words=(*_TIMES, *_CODES, '"', ";", "\\t", "\\r"),
        besides=("tests/starter/test_csv_log.py", "tests/starter/test_vendor_layouts.py"),
    ),
    Door(
        name="drop",
        what="a file in a folder: CSV, JSON, lines of JSON, EIDO (`cad watch`, `cad check`)",
        held="read or refused, each row by itself; R1: a silenced call stays silent, and a row with a danger that has "
        "lost a cell, or has one too many, silences; R3: no number in a reason",
        open=drop_door,
        seeds=drop_seeds,
        words=(*_TIMES, *_CODES, *_JSON_WORDS),
        besides=("tests/starter/test_samples.py", "tests/starter/test_drop_folder.py"),
    ),
    Door(
        name="json",
        what="the reader of what CAD pushes",
        held="read or refused; R1: with `in_progress` beside it, whatever else is damaged, it is never eligible; R3",
        open=json_door,
        seeds=json_seeds,
        words=(*_JSON_WORDS, *_CODES, '"event"', '"records"', '"phone"', "2026-01-15T17:00:00Z"),
        besides=("tests/starter/test_push_schema.py",),
    ),
    Door(
        name="eido",
        what="the reader of EIDO, by each of the ids that a folder may choose",
        held="read or refused; R1: with a caution beside it, whatever else is damaged, it is never eligible; R3",
        open=eido_door,
        seeds=eido_seeds,
        words=(*_JSON_WORDS, '"$ref"', '"$id"', '"Closed"', '"ReOpened"', '"incidentComponent"', "tel:+16135550142"),
        besides=("tests/starter/test_eido_fuzz.py",),
    ),
    Door(
        name="view",
        what="rows of CAD's own view, whatever its driver gives (`cad poll`)",
        held="every value becomes a cell of bounded length, every row is read or refused; R1, R3",
        open=view_door,
        seeds=view_seeds,
        words=("decimal ", "moment ", "at ", "seconds ", "bytes ", "float ", "nan", "inf", "1E-300", *_TIMES, *_CODES),
        besides=("tests/starter/test_poll_rows.py",),
    ),
)
