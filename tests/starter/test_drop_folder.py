"""R4: whatever is dropped is taken in, once, and accounted for. Real files, a real PostgreSQL, a clock of our own."""

import os
import random
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue
from sqlalchemy import Engine, text
from sqlmodel import Session, col, func, select
from structlog.testing import capture_logs

from database.encryption import Keyring, load_keyring, new_key
from database.feeds import CadFeedRow, RejectedRecordRow
from database.tables import CadRecordRow, CallRow, real_now
from policy.agency import Agency
from settings import child_environment, python
from starter.drop_folder import DropFolder
from starter.drop_places import Places
from starter.drop_trouble import Trouble
from starter.feeds import Tally, Way
from starter.intake import Intake
from tests.builders import NOON, hours
from tests.starter.feed_files import csv_bytes, json_bytes, lines_bytes, live, live_folder, record, row, zipped

ROOT = Path(__file__).parents[2]
NOBODY = 65534
FEED = "folder"
ROWS = 1_000
SETTLED, NO_LINE_END, UNFINISHED = 6, 31, 181


@dataclass(kw_only=True)
class Desk:
    """A folder, and watchers of it. `seconds`: their clock, which stands still unless a test moves it."""

    folder: Path
    engine: Engine
    keyring: Keyring
    agency: Agency
    seconds: float = 0
    today: Callable[[], datetime] = real_now
    watchers: list[Places] = field(default_factory=list)

    def watcher(self, *, stop: Event | None = None, engine: Engine | None = None) -> DropFolder:
        tally = Tally(engine=engine or self.engine, feed=FEED, way=Way.FOLDER)
        intake = Intake(
            engine=engine or self.engine,
            keyring=self.keyring,
            agency=self.agency,
            tally=tally,
            now=lambda: NOON + hours(5),
        )
        places = Places(self.folder)
        self.watchers.append(places)
        return DropFolder(
            places,
            intake=intake,
            trouble=Trouble(engine=engine or self.engine, tally=tally),
            stop=stop or Event(),
            now=lambda: self.seconds,
            today=lambda: self.today(),
        )

    def drop(self, name: str, raw: bytes, *, age: float = 0) -> Path:
        path = self.folder / name
        path.write_bytes(raw)
        if age:
            os.utime(path, (time.time() - age,) * 2)
        return path

    def look(self, watcher: DropFolder, *, after: float = SETTLED) -> None:
        """See what is there, and look again so many seconds later."""
        watcher.look()
        self.seconds += after
        watcher.look()

    def lies(self, where: str = "") -> list[str]:
        """The names of the files there, reports left out."""
        found = (path for path in (self.folder / where).iterdir() if path.is_file())
        return sorted(path.name for path in found if not path.name.endswith(".report.txt"))

    def is_taking(self) -> list[str]:
        return sorted(
            path.name.split(".", 1)[1] for path in (self.folder / "taking").glob("*/*") if path.name != ".lock"
        )

    def report(self, name: str) -> str:
        return (self.folder / f"{name}.report.txt").read_text(encoding="utf-8")

    def calls(self) -> list[str]:
        with Session(self.engine) as session:
            return sorted(call.removeprefix("ottawa-") for call in session.exec(select(col(CallRow.call_id))).all())

    def records(self) -> int:
        with Session(self.engine) as session:
            return session.exec(select(func.count(col(CadRecordRow.id)))).one()

    def rejected(self) -> int:
        with Session(self.engine) as session:
            return session.exec(select(func.count(col(RejectedRecordRow.id)))).one()

    def row(self) -> CadFeedRow:
        with Session(self.engine) as session:
            found = session.get(CadFeedRow, FEED)
            assert found is not None
            return found

    def empty(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(text("TRUNCATE call, cad_record, rejected_record, cad_feed"))


@pytest.fixture
def desk(engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[Desk]:
    """In a folder that another user may enter, too."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        desk = Desk(folder=Path(folder), engine=engine, keyring=keyring, agency=live(ottawa))
        yield desk
        for places in desk.watchers:
            places.close()


def wait_for(what: str, is_so: Callable[[], bool], *, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.02)


def many(count: int, *, first: int = 1) -> bytes:
    return csv_bytes(*(row(number) for number in range(first, first + count)))


class TestAFile:
    def test_of_every_kind_is_taken_in_and_ends_in_done_with_a_report(self, desk: Desk) -> None:
        desk.drop("a.csv", many(3))
        desk.drop("b.csv.gz", zipped(many(2, first=11)))
        desk.drop("c.TXT", many(1, first=21))
        desk.drop("d.json", json_bytes([record(31), record(32)]))
        desk.drop("e.ndjson", lines_bytes(record(41)))
        desk.drop("f.json.gz", zipped(json_bytes({"records": [record(51)]})))
        desk.drop("g.jsonl", lines_bytes(record(61)))
        desk.look(desk.watcher())
        assert desk.calls() == ["1", "11", "12", "2", "21", "3", "31", "32", "41", "51", "61"]
        assert desk.lies("done") == ["a.csv", "b.csv.gz", "c.TXT", "d.json", "e.ndjson", "f.json.gz", "g.jsonl"]
        assert (desk.lies(), desk.lies("failed"), desk.is_taking()) == ([], [], [])
        assert (desk.row().taken, desk.row().repeated, desk.row().rejected, desk.row().trouble) == (11, 0, 0, None)

    def test_has_a_report_that_accounts_for_every_record(self, desk: Desk) -> None:
        desk.today = lambda: NOON
        heading, first, second, third, _ = csv_bytes(row(1), row(2, received="soon"), row(3)).split(b"\r\n")
        desk.drop("a.csv", b"\r\n".join([heading, first, second, third, first, third[:30], b""]))
        desk.look(desk.watcher())
        assert desk.lies("failed") == ["a.csv"]
        assert desk.report("failed/a.csv") == (
            "feed       folder\n"
            "finished   2026-01-15 17:00:00 UTC\n"
            "records    5\n"
            "  taken    2\n"
            "  repeated 1\n"
            "  rejected 2\n"
            "\n"
            "Rejected records, kept for a person to look at: communityconnect cad rejected\n"
            "line 3: call 2: received is something that is not a time\n"
            "line 6: it has fewer cells than the heading\n"
        )
        assert desk.calls() == ["1", "3"]
        assert (desk.row().taken, desk.row().repeated, desk.row().rejected) == (2, 1, 2)
        assert desk.rejected() == 2

    def test_that_was_read_before_changes_nothing_and_is_done(self, desk: Desk) -> None:
        watcher = desk.watcher()
        for _ in range(3):
            desk.drop("a.csv", many(3))
            desk.look(watcher)
        assert desk.records() == 3
        assert (desk.row().taken, desk.row().repeated) == (3, 6)
        assert len(desk.lies("done")) == 3

    def test_of_a_name_that_came_before_gets_a_name_of_its_own_and_overwrites_nothing(self, desk: Desk) -> None:
        desk.today = lambda: NOON
        watcher = desk.watcher()
        for number in (1, 2, 3):
            desk.drop("calls.csv.gz", zipped(many(1, first=number)))
            desk.look(watcher)
        names = ["calls.csv.gz", "calls~20260115T170000.csv.gz", "calls~20260115T170000-2.csv.gz"]
        assert desk.lies("done") == sorted(names)
        assert [(desk.folder / "done" / name).read_bytes() for name in names] == [
            zipped(many(1, first=number)) for number in (1, 2, 3)
        ]
        assert all("taken    1" in desk.report(f"done/{name}") for name in names)

    def test_does_not_overwrite_what_a_person_has_put_there(self, desk: Desk) -> None:
        watcher = desk.watcher()
        watcher.look()
        (desk.folder / "done" / "a.csv").write_bytes(b"mine")
        desk.drop("a.csv", many(1))
        desk.look(watcher)
        assert (desk.folder / "done" / "a.csv").read_bytes() == b"mine"
        assert len(desk.lies("done")) == 2
        assert len(list((desk.folder / "done").glob("*.report.txt"))) == 1

    def test_without_records_is_done(self, desk: Desk) -> None:
        desk.drop("a.csv", csv_bytes())
        desk.drop("b.json", b"[]")
        desk.look(desk.watcher())
        assert desk.lies("done") == ["a.csv", "b.json"]
        assert "records    0" in desk.report("done/a.csv")

    def test_r3_has_a_report_that_shows_no_number_that_slipped_into_an_id(self, desk: Desk) -> None:
        desk.drop("a.csv", csv_bytes(row("613-555-0142", received="soon")))
        desk.look(desk.watcher())
        assert "line 2: call [number]: received is something" in desk.report("failed/a.csv")

    def test_with_many_faults_has_a_report_that_a_person_can_read(self, desk: Desk) -> None:
        desk.drop("a.csv", csv_bytes(row(1), *(row("", area=str(number)) for number in range(305))))
        desk.look(desk.watcher())
        report = desk.report("failed/a.csv").splitlines()
        assert "  rejected 305" in report
        assert report[-1] == "and 5 more"
        assert len(report) == 6 + 2 + 300 + 1

    def test_that_breaks_off_gives_what_stands_before_and_says_where(self, desk: Desk) -> None:
        desk.drop("a.csv.gz", zipped(many(600))[:-1_000])
        desk.look(desk.watcher(), after=UNFINISHED)
        desk.look(desk.watcher(), after=UNFINISHED)
        assert desk.lies("failed") == ["a.csv.gz"]
        taken = len(desk.calls())
        assert 0 < taken < 600
        report = desk.report("failed/a.csv.gz")
        assert f"records    {taken}\n  taken    {taken}\n" in report
        assert f"not read   what follows line {taken + 1}: the gzip file is damaged or cut off; copy it again" in report

    @pytest.mark.parametrize(
        ("name", "raw", "what"),
        [
            ("a.csv", many(2).replace(b",", b";"), "its separator seems to be ';'"),
            ("a.csv", many(2).decode().encode("utf-16"), "not a text file in UTF-8"),
            ("a.csv", many(2).replace(b"phone,updated", b"tel,updated", 1), "are not in the heading: 'phone'"),
            ("a.csv", bytes(4_000) + b"\n", "not a text file in UTF-8"),
            ("a.json", b"[" * 100_000, "nested too deeply"),
            ("a.json", b"", "not JSON"),
            ("a.csv", b"", "the file is empty"),
            ("a.csv.gz", b"\x1f\x8bnonsense\n", "the gzip file is damaged"),
        ],
    )
    def test_that_cannot_be_read_fails_whole_and_the_feed_is_in_trouble_until_a_good_one_comes(
        self, desk: Desk, name: str, raw: bytes, what: str
    ) -> None:
        watcher = desk.watcher()
        desk.drop(name, raw)
        watcher.look()
        desk.look(watcher)
        desk.look(watcher, after=UNFINISHED)
        assert (desk.lies("failed"), desk.lies("done"), desk.calls()) == ([name], [], [])
        assert "records    0" in desk.report(f"failed/{name}")
        assert f"not read   the file: {desk.row().trouble}".replace("the last file: ", "") in desk.report(
            f"failed/{name}"
        )
        assert what in (desk.row().trouble or "")
        desk.drop("heading-only.csv", csv_bytes())
        desk.look(desk.watcher())  # another, after a restart
        desk.look(watcher)
        assert what in (desk.row().trouble or "") or name.endswith("csv")
        desk.drop("good.csv", many(1))
        desk.look(watcher)
        assert desk.row().trouble is None
        assert desk.row().trouble_since_real is None


class TestWaiting:
    def test_a_file_that_grows_waits_until_it_stands_still(self, desk: Desk) -> None:
        watcher = desk.watcher()
        raw = many(40)
        for end in range(100, len(raw), 400):
            desk.drop("a.csv", raw[:end])
            desk.look(watcher, after=4)
            desk.seconds += 1.5
        assert desk.lies() == ["a.csv"]
        desk.drop("a.csv", raw)
        desk.look(watcher)
        assert (len(desk.calls()), desk.lies("done"), desk.rejected()) == (40, ["a.csv"], 0)

    @pytest.mark.parametrize(
        ("name", "raw", "wait"),
        [
            ("a.csv", many(2), SETTLED),
            ("a.csv", many(2).rstrip(), NO_LINE_END),
            ("a.csv.gz", zipped(many(2)), SETTLED),
            ("a.csv.gz", zipped(many(2).rstrip()), NO_LINE_END),
            ("a.csv.gz", zipped(many(2))[:-4], UNFINISHED),
            ("a.json", json_bytes([record(1)]), SETTLED),
            ("a.json", json_bytes([record(1)])[:-1], UNFINISHED),
            ("a.json", lines_bytes(record(1), record(2)), SETTLED),
            ("a.ndjson", lines_bytes(record(1), record(2)).rstrip(), SETTLED),
            ("a.ndjson", lines_bytes(record(1), record(2))[:-9], UNFINISHED),
            ("a.json.gz", zipped(json_bytes([record(1)]))[:-9], UNFINISHED),
        ],
    )
    def test_a_file_that_looks_unfinished_waits_longer(self, desk: Desk, name: str, raw: bytes, wait: float) -> None:
        watcher = desk.watcher()
        desk.drop(name, raw)
        desk.look(watcher, after=wait - 2)
        assert desk.lies() == [name]
        desk.seconds += 2
        watcher.look()
        assert desk.lies() == []

    def test_a_file_under_a_name_for_unfinished_ones_waits_for_its_renaming(self, desk: Desk) -> None:
        names = [".a.csv", "a.csv.part", "a.csv.tmp", "a.CSV.FILEPART", "a.csv.crdownload", "a.csv~", "a.partial"]
        for name in names:
            desk.drop(name, many(2))
        watcher = desk.watcher()
        with capture_logs() as lines:
            desk.look(watcher, after=10 * UNFINISHED)
        assert desk.lies() == sorted(names)
        assert lines == []
        (desk.folder / "a.csv.part").rename(desk.folder / "a.csv")
        desk.look(watcher)
        assert desk.lies("done") == ["a.csv"]

    def test_what_is_none_of_our_files_is_left_alone_and_said_once(self, desk: Desk) -> None:
        (desk.folder / "folder.csv").mkdir()
        elsewhere = desk.drop("elsewhere", many(1))
        (desk.folder / "link.csv").symlink_to(elsewhere)
        os.mkfifo(desk.folder / "pipe.csv")
        others = ["folder.csv", "link.csv", "pipe.csv", "elsewhere", "a.xlsx", "a.csv.report.txt", "a" * 210 + ".csv"]
        for name in others[4:]:
            desk.drop(name, many(1))
        watcher = desk.watcher()
        with capture_logs() as lines:
            desk.look(watcher)
            desk.look(watcher)
        said = [str(line["file"]) for line in lines if line["event"].startswith("left alone")]
        assert sorted(said) == sorted([*others[:-1], "a" * 40 + "…"])
        assert desk.calls() == []
        assert all(os.path.lexists(desk.folder / name) for name in others)

    def test_the_oldest_file_is_read_first(self, desk: Desk) -> None:
        desk.drop("a.csv", csv_bytes(row(1, updated="", disposition="NR")), age=10)
        desk.drop("b.csv", csv_bytes(row(1, updated="", disposition="CAN")), age=20)
        desk.look(desk.watcher())
        with Session(desk.engine) as session:
            bodies = session.exec(select(CadRecordRow.body).order_by(col(CadRecordRow.id))).all()
        assert [body["disposition"] for body in bodies] == ["CAN", "NR"]

    def test_what_is_kept_for_people_is_deleted_when_the_agency_says(self, desk: Desk) -> None:
        """R3: there are telephone numbers in it."""
        watcher = desk.watcher()
        desk.drop("good.csv", many(1), age=400 * 86_400)
        desk.drop("bad.csv", csv_bytes(row("")))
        desk.look(watcher)
        kept_for = desk.agency.policy.retention.rejected
        for days, is_there in ((-1, True), (1, False)):
            then = real_now() + kept_for + timedelta(days=days)
            desk.today = lambda then=then: then  # type: ignore[misc]
            desk.seconds += 3_600
            watcher.look()
            left = [path for place in ("done", "failed") for path in (desk.folder / place).iterdir()]
            assert len(left) == (4 if is_there else 0)


class TestTroubleOfOurs:
    def test_a_folder_that_is_not_there_is_said_and_looked_for_again(self, desk: Desk) -> None:
        desk.folder = desk.folder / "not-mounted"
        watcher = desk.watcher()
        with capture_logs() as lines:
            watcher.look()
            watcher.look()
        assert [line["trouble"] for line in lines] == ["the folder cannot be used: No such file or directory"]
        assert desk.row().trouble == "the folder cannot be used: No such file or directory"
        assert not desk.folder.exists()
        desk.folder.mkdir()
        watcher.look()
        assert desk.row().trouble is None

    def test_a_folder_trouble_of_before_a_restart_is_over_when_the_folder_can_be_used(self, desk: Desk) -> None:
        blocked = desk.folder / "done"
        blocked.write_bytes(b"")
        desk.watcher().look()
        assert (desk.row().trouble or "").startswith("the folder cannot be used")
        blocked.unlink()
        desk.watcher().look()
        assert desk.row().trouble is None

    def test_a_folder_that_is_emptied_under_the_watcher_is_used_on(self, desk: Desk) -> None:
        watcher = desk.watcher()
        desk.drop("a.csv", many(1))
        desk.look(watcher)
        for command in (["rm", "-r", "taking"], ["rm", "-r", "done", "failed"]):
            subprocess.run(command, cwd=desk.folder, check=True)
            desk.drop("b.csv", many(2))
            desk.look(watcher)
            assert desk.lies("done")[-1].startswith("b")

    def test_a_file_that_may_not_be_read_waits_and_others_do_not(self, desk: Desk) -> None:
        watcher = desk.watcher()
        desk.drop("mine.csv", many(1)).chmod(0o600)
        desk.drop("ours.csv", many(1, first=2)).chmod(0o644)
        with as_nobody(when_root=True):
            if os.geteuid() != NOBODY:
                (desk.folder / "mine.csv").chmod(0)
            desk.look(watcher)
        assert (desk.lies(), desk.lies("done"), desk.calls()) == (["mine.csv"], ["ours.csv"], ["2"])
        assert desk.row().trouble == "a file cannot be taken in: Permission denied"
        (desk.folder / "mine.csv").chmod(0o644)
        desk.look(desk.watcher())
        desk.look(watcher)
        assert desk.calls() == ["1", "2"]
        assert desk.row().trouble is None

    def test_a_file_that_cannot_be_put_away_is_put_away_later_and_not_read_again(self, desk: Desk) -> None:
        """A full disk does the same."""
        watcher = desk.watcher()
        with as_nobody(when_root=True):
            watcher.look()
            desk.drop("a.csv", many(3))
            (desk.folder / "done").chmod(0o500)
            desk.look(watcher)
            watcher.look()
            assert desk.row().trouble == "a file cannot be taken in: Permission denied"
            assert (desk.lies(), desk.is_taking(), len(desk.calls())) == ([], ["a.csv"], 3)
            (desk.folder / "done").chmod(0o700)
            watcher.look()
        assert desk.lies("done") == ["a.csv"]
        assert (desk.row().taken, desk.row().repeated, desk.row().trouble) == (3, 0, None)

    def test_a_fault_of_ours_holds_up_one_file_and_no_other(self, desk: Desk) -> None:
        watcher = desk.watcher()
        desk.drop("bad.csv", csv_bytes(row(1), row("")), age=10)
        desk.drop("good.csv", many(1, first=2))
        with renamed(desk.engine, "rejected_record"):
            desk.look(watcher)
        assert (desk.is_taking(), desk.lies("done")) == (["bad.csv"], ["good.csv"])
        assert (desk.row().trouble or "").startswith("a file could not be taken in, a fault of ours")
        watcher.look()
        assert desk.is_taking() == ["bad.csv"]
        desk.seconds += 301
        watcher.look()
        assert desk.lies("failed") == ["bad.csv"]
        assert "An earlier reading of this file was broken off" in desk.report("failed/bad.csv")
        assert (desk.row().trouble, desk.calls()) == (None, ["1", "2"])

    def test_while_the_database_is_away_the_file_waits_and_nothing_of_it_is_lost(self, desk: Desk) -> None:
        desk.drop("a.csv", many(600))
        stop = Event()
        watcher = desk.watcher(stop=stop)
        with in_the_background(lambda: desk.look(watcher), stop=stop) as thread:
            wait_for("some calls", lambda: desk.records() > 50)
            with database_away(desk.engine):
                assert desk.is_taking() == ["a.csv"]
                thread.join(timeout=1.5)
                assert thread.is_alive()
            thread.join(timeout=60)
            assert not thread.is_alive()
        assert (len(desk.calls()), desk.records()) == (600, 600)
        assert (desk.lies("done"), desk.lies("failed")) == (["a.csv"], [])
        assert "records    600" in desk.report("done/a.csv")

    def test_a_watcher_that_is_stopped_while_the_database_is_away_ends(self, desk: Desk) -> None:
        desk.drop("a.csv", many(600))
        stop = Event()
        watcher = desk.watcher(stop=stop)
        with in_the_background(lambda: desk.look(watcher), stop=stop) as thread:
            wait_for("some calls", lambda: desk.records() > 10)
            with database_away(desk.engine):
                stop.set()
                thread.join(timeout=5)
                assert not thread.is_alive()
        assert desk.is_taking() == ["a.csv"]


class TestSeveral:
    def test_two_watchers_at_once_share_the_files_and_each_is_read_once(self, desk: Desk) -> None:
        for number in range(30):
            desk.drop(f"{number}.csv", many(5, first=number * 5))
        watchers = [desk.watcher() for _ in range(2)]
        for watcher in watchers:
            watcher.look()
        desk.seconds += SETTLED
        threads = [Thread(target=watcher.look) for watcher in watchers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert desk.lies("done") == sorted(f"{number}.csv" for number in range(30))
        assert (desk.lies(), desk.is_taking(), len(desk.calls())) == ([], [], 150)
        for watcher in watchers:
            watcher._write_tally(now=True)
        assert (desk.row().taken, desk.row().repeated) == (150, 0)

    def test_many_watchers_that_start_at_once_and_find_what_others_left_lose_nothing(self, desk: Desk) -> None:
        for number in range(12):
            room = desk.folder / "taking" / f"left-{number}"
            room.mkdir(parents=True)
            (room / f"00000{number % 3}.calls.csv").write_bytes(many(2, first=number * 2))
        watchers = [desk.watcher() for _ in range(6)]
        for _ in range(2):
            threads = [Thread(target=watcher.look) for watcher in watchers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            desk.seconds += SETTLED
        for watcher in watchers:
            watcher.look()
        assert len(desk.calls()) == 24
        assert len(desk.lies("done")) == 12
        assert len(list((desk.folder / "taking").iterdir())) == len(watchers)

    def test_a_file_that_is_written_to_while_it_is_read_is_read_again_from_its_start(self, desk: Desk) -> None:
        whole = many(400)
        rest = whole[-3_000:]
        path = desk.drop("a.csv", whole[:-3_000].rsplit(b"\r\n", 1)[0] + b"\r\n")
        rest = whole[path.stat().st_size :]
        watcher = desk.watcher()
        with path.open("ab") as sender, in_the_background(lambda: desk.look(watcher), stop=Event()) as thread:
            wait_for("some calls", lambda: desk.records() > 20)
            sender.write(rest[:100])  # in the middle of a row
            sender.flush()
            thread.join()
            assert (desk.lies("done"), desk.is_taking()) == ([], ["a.csv"])
            assert len(desk.calls()) < 380
            desk.look(watcher, after=SETTLED)  # it stands still, in the middle of a row
            assert desk.is_taking() == ["a.csv"]
            sender.write(rest[100:])
            sender.flush()
            desk.look(watcher)
        assert (len(desk.calls()), desk.records(), desk.rejected()) == (400, 400, 0)
        assert desk.lies("done") == ["a.csv"]
        assert "records    400\n" in desk.report("done/a.csv")
        assert "An earlier reading of this file was broken off" in desk.report("done/a.csv")

    def test_a_watcher_that_is_killed_leaves_a_file_that_another_takes_up(self, desk: Desk, database_url: str) -> None:
        (desk.folder / "taking").mkdir()
        desk.drop("a.csv", many(ROWS))
        with watching(desk, database_url) as process:
            wait_for("some calls", lambda: desk.records() > 100, seconds=60)
            other = desk.watcher()
            desk.look(other)  # the other one lives: the file is its own
            assert desk.is_taking() == ["a.csv"]
            before = desk.records()
            process.kill()
            process.wait()
        assert before < ROWS
        desk.look(other)
        assert (len(desk.calls()), desk.records(), desk.lies("done"), desk.is_taking()) == (ROWS, ROWS, ["a.csv"], [])
        counts = counts_in(desk.report("done/a.csv"))
        assert counts["taken"] + counts["repeated"] == counts["records"] == ROWS
        assert counts["repeated"] >= before

    def test_a_watcher_that_is_told_to_end_does_so_between_two_rows(self, desk: Desk, database_url: str) -> None:
        desk.drop("a.csv", many(ROWS))
        with watching(desk, database_url) as process:
            wait_for("some calls", lambda: desk.records() > 100, seconds=60)
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
            assert time.monotonic() - begun < 2
        assert desk.is_taking() == ["a.csv"]
        assert desk.row().taken == desk.records() < ROWS
        desk.look(desk.watcher())
        assert (desk.records(), desk.lies("done"), desk.row().rejected) == (ROWS, ["a.csv"], 0)


class TestNothingPersonal:
    def test_neither_logs_nor_reports_nor_the_feeds_row_hold_anything_of_a_person(self, desk: Desk) -> None:
        """R3."""
        odd = {"received": "Maple 613-555-0142", "area": "Alice Tremblay"}
        names = ["613-555-0142.csv", "of_6135550142.csv", "export-613-555-0142-x.json", "a\n6135550142.xlsx"]
        desk.drop(names[0], csv_bytes(row(1, **odd), row(2)))
        desk.drop(names[1], csv_bytes(row(3)).split(b"\r\n", 1)[1])
        desk.drop(names[2], json_bytes([record(4, phone="Alice Tremblay 613-555-0142 " * 3)]))
        desk.drop(names[3], b"")
        with capture_logs() as lines:
            desk.look(desk.watcher())
        assert len(desk.lies("failed")) == 3
        reports = "".join(path.read_text() for path in desk.folder.rglob("*.report.txt"))
        said = f"{lines} {reports} {desk.row()}"
        assert len(lines) > 5
        assert re.findall(r"555\D{0,3}0142|Alice|Tremblay|Maple|NOISE", said) == []


COUNTS = re.compile(r"^ *(records|taken|repeated|rejected) +(\d+)$", flags=re.MULTILINE)


def counts_in(report: str) -> dict[str, int]:
    return {name: int(number) for name, number in COUNTS.findall(report)}


HISTORY = [
    row(number, updated=f"2026-01-15 12:0{minute}:00", **cells)
    for number in (1, 2, 3)
    for minute, cells in enumerate(
        [
            {},
            {"dispatched": "2026-01-15 12:01:30"},
            {"dispatched": "2026-01-15 12:01:30", "type_final": "ASSAULT" if number == 2 else "NOISE"},
            {"phone": "343-555-0117", "priority_native": "2" if number == 3 else "4"},
            {"first_closed": "2026-01-15 12:05:00", "disposition": "NR", "phone": "343-555-0117"},
        ]
    )
]
FAULTY = [row(""), row(9, received="soon")]


def test_however_rows_are_cut_into_files_repeated_and_ordered_they_end_in_the_same(desk: Desk) -> None:
    """R4. Every row comes at least once; what the files hold besides is repetition."""
    expected = state_after(desk, [HISTORY], zips=False)
    assert len(expected) == 3

    @settings(max_examples=40, deadline=None)
    @given(
        files=st.lists(st.lists(st.sampled_from([*HISTORY, *FAULTY]), max_size=6), max_size=5),
        seed=st.integers(0, 2**32),
        zips=st.booleans(),
    )
    def holds(files: list[list[dict[str, str]]], seed: int, zips: bool) -> None:
        chance = random.Random(seed)
        rows = chance.sample(HISTORY, len(HISTORY))
        dealt = [*files, *(rows[start::4] for start in range(4))]
        chance.shuffle(dealt)
        assert state_after(desk, dealt, zips=zips) == expected

    holds()


def state_after(
    desk: Desk, files: Sequence[Sequence[dict[str, str]]], *, zips: bool
) -> list[tuple[str, JsonValue, str | None, str | None]]:
    desk.empty()
    watcher = desk.watcher()
    for number, rows in enumerate(files):
        raw = csv_bytes(*rows)
        desk.drop(f"{number}.csv.gz" if zips else f"{number}.csv", zipped(raw) if zips else raw)
    desk.look(watcher)
    assert (desk.lies(), desk.is_taking()) == ([], [])
    reports = [counts_in(path.read_text()) for path in desk.folder.rglob("*.report.txt")]
    totals: Counter[str] = sum((Counter(report) for report in reports), Counter())
    assert totals["records"] == sum(map(len, files)) == totals["taken"] + totals["repeated"] + totals["rejected"]
    assert totals["rejected"] == sum(one in FAULTY for rows in files for one in rows)
    for place in ("done", "failed"):
        for path in (desk.folder / place).iterdir():
            path.unlink()
    with Session(desk.engine) as session:
        calls = session.exec(select(CallRow).order_by(col(CallRow.call_id))).all()
        return [(call.call_id, dict(call.facts), call.latch, call.phone_hash) for call in calls]


@contextmanager
def as_nobody(*, when_root: bool) -> Iterator[None]:
    """As a user who may not do everything, as root may."""
    is_root = os.geteuid() == 0
    if is_root and when_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@contextmanager
def in_the_background(act: Callable[[], None], *, stop: Event) -> Iterator[Thread]:
    thread = Thread(target=act)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(timeout=60)


@contextmanager
def database_away(engine: Engine) -> Iterator[None]:
    """It takes no connections, and has ended those that there were."""
    url = engine.url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    name = engine.url.database
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


@contextmanager
def renamed(engine: Engine, table: str) -> Iterator[None]:
    """The table is not there: no trouble of the connection, a fault."""
    for old, new in ((table, "elsewhere"), ("elsewhere", table)):
        with engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
        if new == "elsewhere":
            yield


@contextmanager
def watching(desk: Desk, database_url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The real command as a process, with keys that the desk has from now on; it is killed in the end."""
    keys = {"encryption_keys": f"k1:{new_key()}", "lookup_key": new_key()}
    desk.keyring = load_keyring(**keys)
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "DATABASE_URL": database_url,
            "COMMUNITYCONNECT_CAD_FOLDER": str(desk.folder),
            "COMMUNITYCONNECT_AGENCY": str(live_folder(Path(home))),
            "COMMUNITYCONNECT_ENCRYPTION_KEYS": keys["encryption_keys"],
            "COMMUNITYCONNECT_LOOKUP_KEY": keys["lookup_key"],
        }
        process = subprocess.Popen(
            [python(), "-m", "cli.main", "cad", "watch"],
            cwd=ROOT,
            env=child_environment(environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
