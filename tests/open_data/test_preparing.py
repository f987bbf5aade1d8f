"""From the tables to a bundle that waits for a person, and from there to the public."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from activities.prepare_open_data import Beat, CannotPrepare, Order, newest_due, prepare
from activities.quarter_counts import count_quarter
from database.encryption import Keyring, KeyringError, new_key
from insights.open_data.counted import QuarterCounts
from insights.open_data.quarters import Quarter
from policy.agency import Agency
from survey.questions import Localized
from tests.open_data.conftest import City
from tests.open_data.made_up import KEYRING, Q3
from web.staff.open_data.bundles import Bundles, MeanwhileDecided, NotSafe
from web.staff.open_data.publishing import NotApproved, PublishingError, publish

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ZONE = ZoneInfo("America/Toronto")
WHY = Localized(en="Two days were missing", fr="Il manquait deux jours")
REACHED = {"accepted", "sent", "delivered", "undelivered"}


def prepared(city: City, *, reason: Localized | None = None, by: str | None = None, keyring: Keyring = KEYRING) -> int:
    order = Order(quarter=Q3, now=NOW, by=by, reason=reason)
    done = prepare(city.engine, city.agency, order, keyring=keyring, beat=lambda _: None)
    assert done.is_safe
    return done.version


def first_secret(connection: Connection) -> str:
    kept: str = connection.execute(text("SELECT secret_encrypted FROM open_data_bundle WHERE version = 1")).scalar_one()
    return kept


def against_the_rules(connection: Connection, change: str) -> None:
    """What only the server's owner can do: past the triggers."""
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(text(change))


pytestmark = pytest.mark.usefixtures("nothing_prepared")


def test_a_quarter_is_counted_as_its_words_say(city: City) -> None:
    """A second time from the raw rows, one by one."""
    with city.engine.connect() as connection:
        calls = connection.execute(text("SELECT call_id, received_at, eligibility, facts FROM call")).all()
        texts: dict[str, list[tuple[str, int, str]]] = {}
        for call_id, kind, sequence, state in connection.execute(
            text("SELECT call_id, kind, sequence, state FROM text")
        ):
            texts.setdefault(call_id, []).append((kind, sequence, state))
        answers = connection.execute(text("SELECT week, answers FROM survey_response")).all()
        by_area = connection.execute(text("SELECT * FROM survey_area_count")).mappings().all()
    expected: dict[tuple[str | None, int], Counter[str]] = {}
    for call in calls:
        day = call.received_at.astimezone(ZONE).date()
        if not date(2026, 7, 1) <= day <= date(2026, 9, 30):
            continue
        tally = expected.setdefault((call.facts["area"], call.facts["priority"]), Counter())
        went = [one for one in texts.get(call.call_id, []) if one[2] in REACHED]
        kinds = {kind for kind, _, _ in went}
        sent = "confirmation" in kinds
        tally["known"] += 1
        tally["eligible"] += call.eligibility == "eligible" or sent
        tally["sent"] += sent
        tally["delivered"] += any(one[0] == "confirmation" and one[2] == "delivered" for one in went)
        tally["told once"] += sent and "delay" in kinds
        tally["invited"] += sent and "survey" in kinds
    with Session(city.engine) as session:
        found = count_quarter(session, city.agency, Q3, beat=lambda _: None)
    assert {
        key: (one.known, one.eligible, one.sent, one.delivered, one.told[0], one.invited)
        for key, one in found.calls.items()
    } == {
        key: tuple(one[name] for name in ("known", "eligible", "sent", "delivered", "told once", "invited"))
        for key, one in expected.items()
    }
    given: Counter[tuple[str, str]] = Counter()
    for row in answers:
        thursday = date.fromisocalendar(int(row.week[:4]), int(row.week[6:]), 4)
        if date(2026, 7, 1) <= thursday <= date(2026, 9, 30):
            for question, answer in row.answers.items():
                given.update((question, one) for one in ["", *([answer] if isinstance(answer, str) else answer)])
    assert found.answers == dict(given)
    sample: Counter[tuple[str, str, str]] = Counter()
    for one in by_area:
        if one["month"] in {"2026-07", "2026-08", "2026-09"} and one["area"] and one["question"]:
            sample[one["area"], one["question"], one["option"]] += one["count"]
    assert found.by_area == dict(sample)
    assert sum(sample.values()) > 100


def test_a_quarter_waits_for_a_person_with_a_report_that_says_what_can_be_found_out(city: City) -> None:
    assert prepared(city) == 1
    (bundle,) = Bundles(city.engine, "ottawa").all()
    assert (bundle.period, bundle.state, bundle.prepared_by) == ("2026-q3", "prepared", None)
    report = bundle.report
    assert report["is_safe"]
    assert 10 <= report["narrowest"]["width"] <= 15
    assert report["smallest"] == 15
    assert report["too_narrow"] == []
    assert {one["table"] for one in report["tables"]} == {"activity", "survey_results"}
    assert "disclosure_report.json" not in {file.name for file in bundle.files}
    for file in bundle.files:
        assert len(Bundles(city.engine, "ottawa").file(bundle, file.name) or b"") == file.size


def test_what_waits_is_decided_about_before_there_is_another_and_another_needs_a_reason(city: City) -> None:
    prepared(city)
    with pytest.raises(CannotPrepare, match="waits for a decision"):
        prepared(city, reason=WHY)
    bundles = Bundles(city.engine, "ottawa")
    bundles.approve(bundles.all()[0], by="Ana", why="read")
    with pytest.raises(CannotPrepare, match="needs a reason"):
        prepared(city)
    assert prepared(city, reason=WHY, by="Ana") == 2
    newest = bundles.all()[0]
    assert (newest.version, newest.prepared_by, newest.reason) == (2, "Ana", {"en": WHY.en, "fr": WHY.fr})
    assert newest.report["compared_with"] == ["2026-q3 v1"]


def test_r7_a_bundle_that_came_meanwhile_would_not_be_compared_so_it_is_not_kept(city: City) -> None:
    def while_another_is_prepared(
        session: Session, agency: Agency, quarter: Quarter, /, *, beat: Beat
    ) -> QuarterCounts:
        prepare(city.engine, agency, Order(quarter=Q3.before, now=NOW), keyring=KEYRING, beat=beat)
        return count_quarter(session, agency, quarter, beat=beat)

    with pytest.raises(CannotPrepare, match="prepared meanwhile"):
        prepare(
            city.engine,
            city.agency,
            Order(quarter=Q3, now=NOW),
            keyring=KEYRING,
            beat=lambda _: None,
            count=while_another_is_prepared,
        )
    assert [bundle.period for bundle in Bundles(city.engine, "ottawa").all()] == ["2026-q2"]


def test_a_quarter_that_is_not_over_for_45_days_is_not_prepared(city: City) -> None:
    early = Order(quarter=Q3, now=datetime(2026, 11, 14, 12, tzinfo=UTC))
    with pytest.raises(CannotPrepare, match="not over for long enough"):
        prepare(city.engine, city.agency, early, keyring=KEYRING, beat=lambda _: None)
    assert newest_due(city.agency, datetime(2026, 11, 15, 4, 59, tzinfo=UTC)) == Quarter(2026, 2)
    assert newest_due(city.agency, datetime(2026, 11, 15, 5, 1, tzinfo=UTC)) == Q3


def test_only_what_a_person_has_approved_is_published_once_and_never_changed(city: City, tmp_path: Path) -> None:
    prepared(city)
    bundles = Bundles(city.engine, "ottawa")
    (bundle,) = bundles.all()
    with pytest.raises(NotApproved):
        publish(city.engine, bundle, root=tmp_path, by="Ana")
    assert not (tmp_path / "index.json").exists()
    with pytest.raises(ValueError, match="a reason"):
        bundles.approve(bundle, by="Ana", why=" ")
    bundles.approve(bundle, by="Ana", why="read")
    with pytest.raises(MeanwhileDecided):
        bundles.decline(bundle, by="Ben", why="too late")
    at = publish(city.engine, bundle, root=tmp_path, by="Ben")
    place = tmp_path / "ottawa" / "2026-q3" / "v1"
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    assert before == {file.name: bundles.file(bundle, file.name) for file in bundle.files}
    index = json.loads((tmp_path / "index.json").read_bytes())
    (entry,) = index["bundles"]
    assert (entry["path"], entry["is_latest"], entry["base"]) == ("ottawa/2026-q3/v1/", True, 15)
    assert entry["licence"]["title"]["fr"] == "A made-up licence (fr)"
    assert publish(city.engine, bundle, root=tmp_path, by="Carl") == at
    assert json.loads((tmp_path / "index.json").read_bytes()) == index
    published = bundles.all()[0]
    assert (published.state, published.published_by, published.decided_by) == ("published", "Ben", "Ana")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".unfinished")] == []


def test_a_correction_is_a_version_beside_the_first(city: City, tmp_path: Path) -> None:
    bundles = Bundles(city.engine, "ottawa")
    for reason in (None, WHY):
        prepared(city, reason=reason)
        bundles.approve(bundles.all()[0], by="Ana", why="read")
        publish(city.engine, bundles.all()[0], root=tmp_path, by="Ana")
    entries = json.loads((tmp_path / "index.json").read_bytes())["bundles"]
    assert [(one["version"], one["is_latest"], one["reason"]) for one in entries] == [
        (1, False, None),
        (2, True, {"en": WHY.en, "fr": WHY.fr}),
    ]
    figures = [(tmp_path / one["path"] / "communityconnect_activity.csv").read_bytes() for one in entries]
    assert figures[0] == figures[1], "the same calls are rounded alike"


def test_r7_a_second_version_is_rounded_by_the_secret_of_the_first_however_the_keys_have_changed(city: City) -> None:
    """Two draws of the same counts narrow each other. The secret is nobody's but the quarter's, and encrypted."""
    bundles = Bundles(city.engine, "ottawa")
    prepared(city)
    bundles.approve(bundles.all()[0], by="Ana", why="read")
    newer = Keyring(encryption={"k2": Fernet(new_key()), **KEYRING.encryption}, lookup=b"another" * 6)
    with city.engine.begin() as connection:
        moved = {"kept": newer.encrypt(KEYRING.decrypt(first_secret(connection)))}
        connection.execute(text("UPDATE open_data_bundle SET secret_encrypted = :kept"), moved)
    prepared(city, reason=WHY, keyring=newer)
    second, first = bundles.all()
    for name in ("communityconnect_activity.csv", "communityconnect_survey_results.csv"):
        assert bundles.file(first, name) == bundles.file(second, name)
    with city.engine.connect() as connection:
        kept = (
            connection.execute(text("SELECT secret_encrypted FROM open_data_bundle ORDER BY version")).scalars().all()
        )
    assert [one.partition(":")[0] for one in kept] == ["k2", "k2"]
    assert len({newer.decrypt(one) for one in kept}) == 1
    bundles.decline(second, by="Ana", why="read")
    lost = Keyring(encryption={"k3": Fernet(new_key())}, lookup=b"another" * 6)
    with pytest.raises(KeyringError, match="k2"):
        prepared(city, reason=WHY, keyring=lost)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE open_data_file SET body = 'x' WHERE name = 'data.json'",
        "DELETE FROM open_data_file",
        "UPDATE open_data_bundle SET files = '[]'",
        """UPDATE open_data_bundle SET report = jsonb_set(report, '{is_safe}', 'true')""",
        "UPDATE open_data_bundle SET state = 'declined'",
        "UPDATE open_data_bundle SET state = 'prepared', decided_real = NULL, decided_by = NULL",
        "DELETE FROM open_data_bundle",
    ],
)
def test_the_database_refuses_to_change_what_was_prepared_or_to_take_a_decision_back(city: City, change: str) -> None:
    prepared(city)
    bundles = Bundles(city.engine, "ottawa")
    with city.engine.begin() as connection:
        against_the_rules(connection, "UPDATE open_data_bundle SET report = jsonb_set(report, '{is_safe}', '1')")
    bundles.approve(bundles.all()[0], by="Ana", why="read")
    with pytest.raises(DBAPIError, match=r"stays as it is|nothing leads back"), city.engine.begin() as connection:
        connection.execute(text(change))


def test_what_is_declined_is_never_published(city: City, tmp_path: Path) -> None:
    prepared(city)
    bundles = Bundles(city.engine, "ottawa")
    bundles.decline(bundles.all()[0], by="Ana", why="a feed was silent in August")
    with pytest.raises(NotApproved):
        publish(city.engine, bundles.all()[0], root=tmp_path, by="Ana")


def test_what_is_not_safe_nobody_can_approve(city: City) -> None:
    prepared(city)
    with city.engine.begin() as connection:
        against_the_rules(connection, "UPDATE open_data_bundle SET report = jsonb_set(report, '{is_safe}', 'false')")
    bundles = Bundles(city.engine, "ottawa")
    with pytest.raises(NotSafe):
        bundles.approve(bundles.all()[0], by="Ana", why="in a hurry")


def test_a_damaged_index_is_said_and_stays_as_it_is(city: City, tmp_path: Path) -> None:
    prepared(city)
    bundles = Bundles(city.engine, "ottawa")
    bundles.approve(bundles.all()[0], by="Ana", why="read")
    (tmp_path / "index.json").write_text("{")
    with pytest.raises(PublishingError, match=r"index\.json is damaged"):
        publish(city.engine, bundles.all()[0], root=tmp_path, by="Ana")
    assert bundles.all()[0].state == "approved"
    assert (tmp_path / "index.json").read_text() == "{"


def test_something_else_in_its_place_is_not_overwritten(city: City, tmp_path: Path) -> None:
    prepared(city)
    bundles = Bundles(city.engine, "ottawa")
    bundles.approve(bundles.all()[0], by="Ana", why="read")
    place = tmp_path / "ottawa" / "2026-q3" / "v1"
    place.mkdir(parents=True)
    (place / "by-hand.txt").write_text("mine")
    with pytest.raises(PublishingError, match="something else is there"):
        publish(city.engine, bundles.all()[0], root=tmp_path, by="Ana")
    assert bundles.all()[0].state == "approved"
    assert [path.name for path in place.iterdir()] == ["by-hand.txt"]


def test_a_publication_that_was_cut_off_after_the_copy_goes_on(city: City, tmp_path: Path) -> None:
    prepared(city)
    bundles = Bundles(city.engine, "ottawa")
    bundles.approve(bundles.all()[0], by="Ana", why="read")
    (bundle,) = bundles.all()
    place = tmp_path / "ottawa" / "2026-q3" / "v1"
    place.mkdir(parents=True)
    for file in bundle.files:
        (place / file.name).write_bytes(bundles.file(bundle, file.name) or b"")
    publish(city.engine, bundle, root=tmp_path, by="Ana")
    assert bundles.all()[0].state == "published"
    assert len(json.loads((tmp_path / "index.json").read_bytes())["bundles"]) == 1


def test_files_that_are_not_those_that_were_approved_are_not_published(city: City, tmp_path: Path) -> None:
    prepared(city)
    bundles = Bundles(city.engine, "ottawa")
    bundles.approve(bundles.all()[0], by="Ana", why="read")
    with city.engine.begin() as connection:
        against_the_rules(connection, "UPDATE open_data_file SET body = 'x' WHERE name = 'data.json'")
    with pytest.raises(PublishingError, match="not those that were approved"):
        publish(city.engine, bundles.all()[0], root=tmp_path, by="Ana")
    assert not (tmp_path / "ottawa").exists()


def test_the_database_keeps_no_decision_without_a_name(city: City) -> None:
    prepared(city)
    with pytest.raises(IntegrityError), city.engine.begin() as connection:
        connection.execute(text("UPDATE open_data_bundle SET state = 'approved', decided_real = now()"))


@pytest.mark.parametrize("change", [{"base": 17, "least_calls": 34}, {"least_calls": 60}, {"areas": None}])
def test_r7_a_quarter_keeps_the_base_the_thresholds_and_the_map_of_its_first_version(
    city: City, change: dict[str, object]
) -> None:
    """Two roundings of the same counts to different bases: their intervals have a few numbers in common only."""
    prepared(city)
    bundles = Bundles(city.engine, "ottawa")
    bundles.approve(bundles.all()[0], by="Ana", why="read")
    assert city.agency.open_data is not None
    agency = city.agency.model_copy(update={"open_data": city.agency.open_data.model_copy(update=change)})
    with pytest.raises(CannotPrepare, match="another base, threshold or map"):
        prepare(city.engine, agency, Order(quarter=Q3, now=NOW, reason=WHY), keyring=KEYRING, beat=lambda _: None)


def test_quarters_follow_the_calendar_and_every_week_counts_to_one(ottawa: Agency) -> None:
    quarter, seen = Quarter(2024, 4), []
    for _ in range(16):
        seen += quarter.weeks()
        assert quarter.first_day <= date.fromisocalendar(int(quarter.weeks()[0][:4]), int(quarter.weeks()[0][6:]), 4)
        quarter = Quarter.of(quarter.last_day + timedelta(days=1))
    assert quarter == Quarter(2028, 4)
    assert len(seen) == len(set(seen)) == 4 * 52 + 1
    assert Quarter.read("2026-q1").before == Quarter(2025, 4)
    with pytest.raises(ValueError, match="2026-q3"):
        Quarter.read("2026-3")
    begins, ends = Quarter(2026, 4).span(ottawa.policy.timetable.zone_info)
    assert ends - begins == timedelta(days=92, hours=1)
