"""Files of every kind, good and broken, record by record."""

import itertools
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy.agency import Agency
from policy.cad_mapping import CadMapping
from starter.intake import danger_of
from starter.log_file import LogError, OutOfReach
from starter.readers.json_text import parse
from starter.readers.rows import read_row
from starter.readers.samples import Kind, Sample, kind_of, read_samples
from starter.readers.told import Told, Unreadable
from starter.records import CadRecord
from starter.rejected import Shape
from tests.builders import NOON, hours
from tests.starter.feed_files import (
    FEED_COLUMNS,
    csv_bytes,
    json_bytes,
    lines_bytes,
    live,
    mapping_with,
    record,
    zipped,
)
from tests.starter.feed_files import row as feed_row

Read = Callable[..., list[Sample]]
EVENING = NOON + hours(5)


@pytest.fixture(scope="session")
def mapping(ottawa: Agency) -> CadMapping:
    return live(ottawa).cad


@pytest.fixture
def read(tmp_path: Path, mapping: CadMapping) -> Read:
    def read(raw: bytes, name: str = "calls.csv", **changes: str) -> list[Sample]:
        path = tmp_path / name
        path.write_bytes(raw)
        return list(read_samples(path, mapping_with(mapping, **changes), now=EVENING))

    return read


def ids(samples: list[Sample]) -> list[str]:
    return [sample.read.cad_id for sample in samples if isinstance(sample.read, Told)]


def faults(samples: list[Sample]) -> dict[str, str]:
    return {sample.place: sample.read.what for sample in samples if isinstance(sample.read, Unreadable)}


THREE = csv_bytes(feed_row(1), feed_row(2, disposition="CAN,\r\nNR"), feed_row(3))


@pytest.mark.parametrize(
    ("raw", "name", "changes"),
    [
        (THREE, "calls.csv", {}),
        (zipped(THREE), "calls.csv.gz", {}),
        (zipped(THREE), "zipped-without-saying-so.csv", {}),
        (b"\xef\xbb\xbf" + THREE, "with-a-mark.csv", {}),
        (THREE.replace(b"\r\n", b"\n"), "unix.csv", {}),
        (THREE.replace(b"\r\n", b"\r"), "old-mac.csv", {}),
        (THREE.replace(b"\r\n", b"\r\n\r\n"), "blank-lines.csv", {}),
        (THREE.rstrip() + b"\r\n\x1a", "dos.CSV", {}),
        (THREE.rstrip(), "without-a-last-line-end.csv", {}),
        (THREE.decode().encode("utf-16"), "unicode-text.txt", {"encoding": "utf-16"}),
        (THREE.replace(b",", b"\t").replace(b"CAN\t", b"CAN,"), "tabs.txt", {"separator": "tab"}),
        (THREE, "no-kind-in-its-name", {}),
        (json_bytes([record(1), record(2), record(3)]), "calls.json", {}),
        (json_bytes({"records": [record(1), record(2), record(3)]}), "calls.json", {}),
        (json.dumps([record(1), record(2), record(3)], indent=2).encode(), "no-kind-in-its-name", {}),
        (lines_bytes(record(1), record(2), record(3)), "calls.ndjson", {}),
        (lines_bytes(record(1), record(2), record(3)).replace(b"\n", b"\r\n\r\n"), "calls.jsonl", {}),
        (lines_bytes(record(1), record(2), record(3)), "lines-that-call-themselves.json", {}),
        (b"\xef\xbb\xbf" + json_bytes([record(1), record(2), record(3)]), "mark.json", {}),
        (zipped(json_bytes([record(1), record(2), record(3)])), "calls.json.gz", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_file_gives_its_records_in_order(
    read: Read, raw: bytes, name: str, changes: dict[str, str]
) -> None:
    samples = read(raw, name, **changes)
    assert (ids(samples), faults(samples)) == (["1", "2", "3"], {})
    assert all(sample.read.phone == "613-555-0142" for sample in samples if isinstance(sample.read, Told))


def test_a_single_record_is_a_file_too(read: Read) -> None:
    assert ids(read(json_bytes(record(7)), "one.json")) == ["7"]
    assert ids(read(json_bytes(record(7)) + b"\n", "one.ndjson")) == ["7"]
    assert read(json_bytes([]), "none.json") == []
    assert read(b"\n \n", "none.ndjson") == []
    assert read(csv_bytes(), "heading-only.csv") == []


def test_a_row_says_where_it_stands_and_is_kept_so_that_it_can_be_read_again(read: Read, mapping: CadMapping) -> None:
    samples = read(csv_bytes(feed_row(1), feed_row(2, area="a\nb"), feed_row(3, received="yesterday")))
    assert [sample.place for sample in samples] == ["line 2", "line 3", "line 5"]
    for sample in samples:
        assert sample.shape is Shape.ROW
        cells = parse(sample.raw)
        assert isinstance(cells, dict)
        assert list(cells) == FEED_COLUMNS
        texts = {name: None if cell is None else str(cell) for name, cell in cells.items()}
        assert read_row(texts, mapping, now=EVENING) == sample.read


def test_a_row_that_does_not_fit_is_one_fault_and_the_others_are_read(read: Read) -> None:
    heading, first, second, third, _ = csv_bytes(feed_row(1), feed_row(2), feed_row(3)).split(b"\r\n")
    samples = read(b"\r\n".join([heading, first, second + b",x", second[:20], third, b"\0" + second, b""]))
    assert ids(samples) == ["1", "3"]
    assert faults(samples) == {
        "line 3": "it has more cells than the heading",
        "line 4": "it has fewer cells than the heading",
        "line 6": "it has a NUL character",
    }
    assert samples[1].raw == second + b",x\r\n"
    assert samples[1].shape is Shape.OTHER


HEADING = ",".join(FEED_COLUMNS)


@pytest.mark.parametrize(
    "line",
    [
        "7,4,NOISE,SEX ASSAULT,phone",  # cut off
        "7,1",
        "7,4,NOISE,SEX ASSAULT,phone,2026-01-15 12:00:00,,,,,,,,Rue Fictive, 3,EN,613-555-0142,2026-01-15 12:01:00",
        "7,Smith,4,NOISE,SEX ASSAULT,phone,2026-01-15 12:00:00,,,,,,,,,EN,613-555-0142,2026-01-15 12:01:00",
        '7,4,NOISE,SEX ASSAULT,"phone,2026-01-15 12:00:00,,,,,,,,,EN,613-555-0142,2026-01-15 12:01:00',
        "7,4,NOISE,SEX ASSAULT,phone,2026-01-15 12:00:00,,,,,,,,\0,EN,613-555-0142,2026-01-15 12:01:00",
    ],
)
def test_r1_a_row_that_does_not_fit_may_have_named_the_danger(read: Read, ottawa: Agency, line: str) -> None:
    """Up to where a cell is missing or too many the cells are counted from the left, after it from the right."""
    [sample] = read(f"{HEADING}\n{line}\n".encode())
    assert isinstance(sample.read, Unreadable)
    assert {record.cad_id for record in dangers_in(sample.read, ottawa)} == {"7"}


def dangers_in(read: Told | Unreadable, agency: Agency) -> list[CadRecord]:
    if isinstance(read, Told):
        return []
    found = [danger_of(told, agency, feed="folder", is_clear=read.is_clear) for told in read.salvaged]
    return [danger for danger in found if danger is not None]


def test_a_row_that_does_not_fit_and_names_no_danger_silences_nobody(read: Read, ottawa: Agency) -> None:
    samples = read(f'{HEADING}\n7,4,NOISE\n8,4,NOISE,"\n(2 rows affected)\n'.encode())
    assert len(faults(samples)) == 3
    assert [danger for one in samples for danger in dangers_in(one.read, ottawa)] == []


def test_a_cell_of_any_size_that_a_line_may_have_is_a_cell(read: Read) -> None:
    """Narratives of some hundred thousand signs stand in columns that nobody asked for."""
    [sample] = read(csv_bytes({**feed_row(7), "notes": "x" * 200_000}, columns=[*FEED_COLUMNS, "notes"]))
    assert isinstance(sample.read, Told)


@pytest.mark.parametrize("cell", ["1985-03-02", "046 454 286", "A1234-56789-50101", "555-0142", "19850302"])
def test_r3_what_looks_like_a_time_and_may_be_personal_is_not_said(read: Read, cell: str) -> None:
    """A date of birth, a social insurance number, a licence, a local number."""
    [said] = faults(read(csv_bytes(feed_row(1, received=cell)))).values()
    assert cell not in said
    assert said.endswith("which is not a time")


@pytest.mark.parametrize("column", ["type_initial", "type_final", "priority_native", "source", "disposition", "area"])
def test_what_is_too_long_to_be_a_code_is_kept_for_a_person_and_its_danger_counts(
    read: Read, ottawa: Agency, column: str
) -> None:
    """As in the records of our own API: it would be prose that somebody wrote there, and go as far as Temporal."""
    changes = {"type_final": "SEX ASSAULT", column: "x" * 201} if column != "type_final" else {column: "x" * 201}
    [sample] = read(csv_bytes(feed_row(7, **changes)))
    assert isinstance(sample.read, Unreadable)
    assert sample.read.what.startswith("call 7: a ")
    assert "xx" not in sample.read.what
    if column != "type_final":
        assert dangers_in(sample.read, ottawa)


@pytest.mark.parametrize("cell", ['"NOISE', '"NOISE"S', '"'])
def test_a_quote_that_does_not_end_costs_its_own_row_and_no_other(read: Read, cell: str) -> None:
    raw = csv_bytes(*(feed_row(number) for number in range(1, 6))).decode()
    broken = raw.replace("3,4,NOISE", f"3,4,{cell}", 1)
    samples = read(broken.encode())
    assert ids(samples) == ["1", "2", "4", "5"]
    assert faults(samples) == {"line 4": "not readable as CSV: a quote that does not end, or stands inside a cell"}
    assert samples[2].raw.decode() in broken


def test_letters_of_another_encoding_cost_their_own_row_and_what_it_says_of_danger_is_salvaged(read: Read) -> None:
    raw = csv_bytes(feed_row(1), feed_row(2, type_initial="ASSAULT", area="Orléans"), feed_row(3))
    samples = read(raw.decode().encode("windows-1252"))
    assert ids(samples) == ["1", "3"]
    unreadable = samples[1].read
    assert isinstance(unreadable, Unreadable)
    assert unreadable.what == "letters that are not UTF-8: see encoding in cad.yaml"
    assert unreadable.salvage is not None
    assert (unreadable.salvage.cad_id, unreadable.salvage.call_type_code) == ("2", "ASSAULT")
    assert ids(read(raw.decode().encode("windows-1252"), encoding="windows-1252")) == ["1", "2", "3"]


BOMB = b"[" * 200_000


@pytest.mark.parametrize(
    ("raw", "name", "what"),
    [
        (b"", "empty.csv", "the file is empty; it needs a heading line"),
        (b"\r\n\r\n", "blank.csv", "the file is empty"),
        (THREE.replace(b",", b";"), "a.csv", "one single column; its separator seems to be ';': see separator"),
        (THREE.decode().encode("utf-16"), "a.csv", "not a text file in UTF-8"),
        (b"PK\x03\x04" + bytes(500), "a.csv", "not a text file in UTF-8"),
        (zipped(THREE)[:-12], "a.csv.gz", "the gzip file is damaged or cut off"),
        (zipped(THREE)[:40] + b"x" * 40, "a.csv.gz", "the gzip file is damaged or cut off"),
        (b"a" * 1_500_000, "a.csv", "a line has more than 1,000,000 signs"),
        (b'"a\r\n', "a.csv", "the heading line is not readable as CSV"),
        (THREE.replace(b"area", b"phone"), "a.csv", "the heading has the column 'phone' twice"),
        (b"", "empty.json", "not JSON"),
        (b'{"cad_id": "1", ', "cut.json", "not JSON"),
        (b'{"cad_id": "1", "cad_id": "2"}', "twice.json", "an object has the same name twice"),
        (BOMB, "bomb.json", "nested too deeply"),
        (zipped(BOMB), "bomb.json.gz", "nested too deeply"),
        (zipped(b" " * (64 * 1024**2 + 1)), "big.json.gz", "JSON of more than 64 MB; cut it into several files"),
        (zipped(json_bytes([record(1)]))[:-9], "cut.json.gz", "the gzip file is damaged or cut off"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_read_is_one_clear_line(read: Read, raw: bytes, name: str, what: str) -> None:
    with pytest.raises(LogError) as error:
        read(raw, name)
    assert what in error.value.what
    assert not isinstance(error.value, OutOfReach)
    assert "\n" not in error.value.what
    assert len(error.value.what) < 400


def test_what_was_read_before_a_file_breaks_off_counts(tmp_path: Path, mapping: CadMapping) -> None:
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(zipped(csv_bytes(*(feed_row(number) for number in range(5_000))))[:-2_000])
    found: list[Sample] = []
    with pytest.raises(LogError, match="cut off"):
        found.extend(read_samples(path, mapping, now=EVENING))
    assert ids(found)[:3] == ["0", "1", "2"]
    assert len(ids(found)) > 1_000


@pytest.mark.parametrize("column", ["phone", "language", "updated", "area", "disposition"])
def test_a_column_that_is_missing_is_a_change_of_the_feed_and_nothing_is_read(read: Read, column: str) -> None:
    """Also those that a log may lack: without a number, say, all would go silent, and nobody would know."""
    columns = [name for name in FEED_COLUMNS if name != column]
    with pytest.raises(LogError) as error:
        read(csv_bytes(feed_row(1), columns=columns))
    assert error.value.what == (
        f"1 of the 17 columns that cad.yaml names are not in the heading: '{column}'; nothing of the file was taken"
    )


def test_a_heading_in_other_letters_is_said_to_be_there(read: Read) -> None:
    with pytest.raises(LogError) as error:
        read(csv_bytes(feed_row(1)).replace(b",phone,", b",Phone,", 1))
    assert "'phone' (one is there in other letters, capital or small)" in error.value.what


def test_a_file_without_a_heading_shows_nothing_of_its_first_row(read: Read) -> None:
    """R3: the first row holds a number, and would be taken for names of columns."""
    with pytest.raises(LogError) as error:
        read(csv_bytes(feed_row(1, source="911")).split(b"\r\n", 1)[1])
    assert "555" not in str(error.value)
    assert "17 of the 17 columns" in error.value.what


def test_in_lines_of_json_a_broken_one_costs_itself_only(read: Read) -> None:
    raw = lines_bytes(record(1)) + b'{"cad_id": \n' + BOMB + b"\n" + lines_bytes(record(2), {"cad_id": 5}, "text")
    samples = read(raw, "calls.ndjson")
    assert ids(samples) == ["1", "2"]
    assert list(faults(samples)) == ["line 2", "line 3", "line 5", "line 6"]
    assert samples[1].raw == b'{"cad_id": '
    assert samples[1].shape is Shape.OTHER


def test_an_item_of_a_list_is_kept_as_a_record_of_its_own(read: Read) -> None:
    samples = read(json_bytes([record(1), record(2, event="landed", in_progress=True)]), "calls.json")
    assert [sample.place for sample in samples] == ["record 1", "record 2"]
    assert json.loads(samples[1].raw) == record(2, event="landed", in_progress=True)
    assert samples[1].shape is Shape.RECORD
    unreadable = samples[1].read
    assert isinstance(unreadable, Unreadable)
    assert unreadable.salvage is not None
    assert unreadable.salvage.in_progress


@pytest.mark.parametrize(
    "name",
    [
        *("incidentComponent", "IncidentComponent", "agencyComponent", "callComponent", "eidoVersion"),
        *("EIDOVersion", "issuingElementIdentification"),
    ],
)
def test_an_eido_is_known_by_what_only_an_eido_has(read: Read, name: str) -> None:
    """The transfer of a call, NENA's own sample, has no incident yet; the first samples have other capitals."""
    (sample,) = read(json_bytes({name: {}}), "one.json")
    assert sample.shape is Shape.EIDO
    (sample,) = read(json_bytes(record(7, **{name: {}})), "one.json")
    assert sample.shape is Shape.RECORD


def test_a_file_that_is_not_there_or_may_not_be_read_is_out_of_reach(tmp_path: Path, mapping: CadMapping) -> None:
    with pytest.raises(OutOfReach, match="there is no such file"):
        read_samples(tmp_path / "gone.csv", mapping, now=EVENING)
    with pytest.raises(OutOfReach, match="there is no such file"):
        read_samples(tmp_path, mapping, now=EVENING)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", Kind.CSV),
        ("A.CSV.GZ", Kind.CSV),
        ("a.b.txt", Kind.CSV),
        ("a.json", Kind.JSON),
        ("a.ndjson.gz", Kind.LINES),
        ("a.jsonl", Kind.LINES),
        ("a.xlsx", None),
        ("csv", None),
        ("a.gz", None),
        ("a.csv.zip", None),
    ],
)
def test_the_kind_of_a_file_stands_in_its_name(name: str, kind: Kind | None) -> None:
    assert kind_of(name) is kind


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    raw=st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=200).map(lambda tail: THREE[:200] + tail),
        st.text(alphabet='",\r\n\0a1{}[]:\t ', max_size=200).map(lambda tail: THREE + tail.encode()),
        st.text(alphabet='",\r\n\0a1{}[]:\t ', max_size=200).map(str.encode),
    ),
    name=st.sampled_from(["a.csv", "a.json", "a.ndjson", "a", "a.csv.gz"]),
)
def test_whatever_stands_in_a_file_it_gives_records_or_one_clear_line(read: Read, raw: bytes, name: str) -> None:
    try:
        samples = read(raw, name)
    except LogError as error:
        said = [error.what]
    else:
        said = list(faults(samples).values())
    assert [what for what in said if "\n" in what or len(what) > 400] == []


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(st.text(alphabet='",\r\n a;é', max_size=12), min_size=1, max_size=6))
def test_whatever_stands_in_a_cell_a_row_that_was_written_as_csv_is_read(read: Read, texts: list[str]) -> None:
    raw = csv_bytes(*(feed_row(number, area=text) for number, text in enumerate(texts, start=1)))
    samples = read(raw)
    assert ids(samples) == [str(number) for number in range(1, len(texts) + 1)]
    assert faults(samples) == {}


def test_a_big_file_is_read_row_by_row(tmp_path: Path, mapping: CadMapping) -> None:
    heading, line, _ = csv_bytes(feed_row("NUMBER")).split(b"\r\n")
    rows = b"\r\n".join(line.replace(b"NUMBER", b"%d" % number) for number in range(100_000))
    path = tmp_path / "big.csv.gz"
    path.write_bytes(zipped(heading + b"\r\n" + rows))
    tracemalloc.start()
    try:
        first = list(itertools.islice(read_samples(path, mapping, now=EVENING), 2_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ids(first)[-1] == "1999"
    assert peak < 10_000_000
