"""What `agency check` says besides errors of one kind each: several at once, and what somebody should look at."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from policy.check import check_folder
from policy.findings import Level
from policy.yaml_file import AgencyError
from tests.conftest import AGENCIES

Changes = Mapping[str, tuple[str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(AGENCIES / "ottawa", tmp_path / "ottawa"))


def change(folder: Path, changes: Changes) -> None:
    for file, (old, new) in changes.items():
        path = folder / file
        before = path.read_text(encoding="utf-8")
        assert old in before
        path.write_text(before.replace(old, new), encoding="utf-8")


def said(folder: Path) -> list[str]:
    return [str(finding).replace(f"{folder}/", "") for finding in check_folder(folder)]


def test_every_problem_of_every_file_is_said_at_once(folder: Path) -> None:
    change(
        folder,
        {
            "agency.yaml": ("key: ottawa", "key: Ottawa"),
            "policy.yaml": ("sources: [resident]           #", "sources: [resident, robot, citizen]  #"),
            "cad.yaml": ("ARR: arrest", "ARR: jail"),
            "texts/fr.po": ("{emergency_line}", "{secours}"),
        },
    )
    found = said(folder)
    assert [line.partition(":")[0] for line in found] == ["error"] * len(found)
    assert sum("policy.yaml line 3" in line for line in found) == 2
    assert sum("texts/fr.po line" in line for line in found) == 8
    assert {line.split()[1].removesuffix(":") for line in found} == {
        "agency.yaml",
        "policy.yaml",
        "cad.yaml",
        "texts/fr.po",
    }


def test_contradictions_of_several_files_are_said_at_once(folder: Path) -> None:
    change(
        folder,
        {
            "agency.yaml": ("non_emergency_line: 613-236-1222", "non_emergency_line: none"),
            "cad.yaml": ("arrived: arrived", "arrived: dispatched"),
            "policy.yaml": ("undecided_for: 2 h", "undecided_for: 300 d"),
        },
    )
    assert [line.split()[1] for line in said(folder)] == ["agency.yaml", "policy.yaml", "cad.yaml"]


WARNINGS: dict[str, tuple[Changes, str]] = {
    "a key that is not the folder's name": (
        {"agency.yaml": ("key: ottawa", "key: gatineau")},
        "agency.yaml line 2: key: 'gatineau' is not the folder's name, 'ottawa'",
    ),
    "a demonstration that does not say so": (
        {"agency.yaml": ("key: ottawa", "key: ottawa\ndemonstration: true")},
        "agency.yaml line 4: name: this is a demonstration, and its name does not say so in both languages",
    ),
    "a fictional sender": (
        {"agency.yaml": ("+13438036032", "+16135550100")},
        "agency.yaml line 6: sender: '+16135550100' is fictional; write the number that the carrier gave you",
    ),
    "another emergency line": (
        {"agency.yaml": ("emergency_line: 9-1-1", "emergency_line: 1-1-2")},
        "agency.yaml line 8: emergency_line: '1-1-2' is not 9-1-1",
    ),
    "the most urgent calls": (
        {"cad.yaml": ('"1": 1, "2": 2, ', "")},
        "policy.yaml line 2: priorities: 3 is the most urgent priority that cad.yaml yields, and its callers are",
    ),
    "calls that nobody who waits made": (
        {"policy.yaml": ("sources: [resident]", "sources: [resident, alarm]")},
        "policy.yaml line 3: sources: calls from alarm are texted",
    ),
    "a threshold of a priority that is not texted": (
        {"policy.yaml": ("priorities: [3, 4]", "priorities: [4]")},
        "first_after.3: priority 3 is not among the priorities that are texted",
    ),
    "a last notice after the end": (
        {"policy.yaml": ("give_up_after: 14 d", "give_up_after: 4 h")},
        "first_after.3: the last of 3 notices: 270 min is when the service has given the call up",
    ),
    "texts that expire in the line": (
        {
            "policy.yaml": (
                "    expires_after: 60 min     # after its due",
                "    expires_after: 2 min     # after its due",
            )
        },
        "timetable.confirmation.expires_after: 2 min is short",
    ),
    "surveys that the night loses": (
        {"policy.yaml": ("expires_after: 72 h", "expires_after: 12 h")},
        "timetable.survey.expires_after: 12 h after clearing is before the window opens for some calls: one that is "
        "due at 20:00 waits until 09:00, 17 h after clearing",
    ),
    "a link that is closed the next day": (
        {"policy.yaml": ("link_valid_for: 14 d", "link_valid_for: 12 h")},
        "timetable.survey.link_valid_for: 12 h is short",
    ),
    "fewer texts a day than a call needs": (
        {"policy.yaml": ("texts_a_day: 10", "texts_a_day: 3")},
        "numbers.texts_a_day: 3 is less than one call alone may need, 5",
    ),
    "a pattern that never decides": (
        {"call_types.yaml": ("codes: [ANIMAL*]", "codes: [ANIMAL*, ANIMAL ABUSE*]")},
        "codes.1: 'ANIMAL ABUSE*' never decides: the pattern '*ABUSE*' of child_abuse (sensitive) fits all that it",
    ),
    "R1: a code that is let through although a pattern would silence it": (
        {"call_types.yaml": ("codes: [ANIMAL*]", "codes: [ANIMAL*, DOMESTIC ANIMAL]")},
        "codes.1: 'DOMESTIC ANIMAL' is allowed, although the pattern '*DOMESTIC*' of intimate_partner_violence",
    ),
    "R1: an allowed code that sounds as if it may not be texted": (
        {"call_types.yaml": ("codes: [ANIMAL*]", "codes: [ANIMAL*, HARASSING CALLS]")},
        "codes.1: 'HARASSING CALLS' would be texted; types with HARASS in them hardly ever may be",
    ),
    "two zones": (
        {"cad.yaml": ("zone: America/Toronto", "zone: America/Vancouver")},
        "cad.yaml line 19: zone: times are read in America/Vancouver, and policy.yaml has America/Toronto",
    ),
    "day and month in doubt": (
        {"cad.yaml": ("zone:", 'times: {format: ["%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"]}\nzone:')},
        "cad.yaml line 19: times.format: one format has the month first, another the day",
    ),
    "one language only": (
        {"cad.yaml": ("zone:", "languages: {E: en}\nzone:")},
        "cad.yaml line 19: languages: no code is fr; both en and fr are served",
    ),
    "members' feedback without a key of anybody": (
        {"survey.yaml": ('version: "2026-2"', 'version: "2026-2"\nmembers_feedback: {call_taker: [Q2, Q3]}')},
        "survey.yaml line 4: members_feedback.call_taker: cad.yaml has no columns.call_taker_key: unless CAD pushes it",
    ),
    "a key that nobody asks for": (
        {"cad.yaml": ("  area: area", "  area: area\n  officer_key: badge")},
        "cad.yaml line 19: columns.officer_key: is read, and members_feedback in survey.yaml has no officer: nothing",
    ),
    "no time of clearing": (
        {"cad.yaml": ("  cleared: first_closed\n  reopened: reopened_at\n  finally_cleared: final_closed\n", "")},
        "cad.yaml line 2: columns: cleared is not told: no call ends, and nobody gets a survey",
    ),
    "nobody is known to be on the way": (
        {"cad.yaml": ("  dispatched: dispatched\n  arrived: arrived\n", "")},
        "cad.yaml line 2: columns: neither dispatched nor arrived is told",
    ),
    "a text in the dearer alphabet": (
        {"texts/fr.po": ("merci de nous en aviser", "merci à vous, garçon")},
        "'wrong_number_reply' costs more than twice as much: ç is not in the SMS alphabet",
    ),
    "something left to do": (
        {"cad.yaml": ("zone:", "# TODO: ask the vendor for the zone\nzone:")},
        "cad.yaml line 19: left to do: ask the vendor for the zone",
    ),
}


@pytest.mark.parametrize(("changes", "says"), WARNINGS.values(), ids=WARNINGS)
def test_what_may_not_be_meant_is_a_warning(folder: Path, changes: Changes, says: str) -> None:
    change(folder, changes)
    found = check_folder(folder)
    assert {finding.level for finding in found} <= {Level.WARNING}
    assert any(says in line for line in said(folder))


def test_codes_without_a_column_to_find_them_in_are_a_warning(folder: Path) -> None:
    change(folder, {"cad.yaml": ("  disposition: disposition\n", "")})
    change(folder, {"cad.yaml": ("  language: language ", "  #")})
    change(folder, {"cad.yaml": ("zone:", "languages: {E: en, F: fr}\nzone:")})
    assert [line.partition(", but ")[2] for line in said(folder)] == [
        "columns.disposition names no column to find them in",
        "columns.language names no column to find them in",
    ]


def test_a_time_zone_of_the_whole_world_is_no_second_one(folder: Path) -> None:
    change(folder, {"cad.yaml": ("zone: America/Toronto", "zone: UTC")})
    assert said(folder) == []


def test_without_surveys_their_times_do_not_matter(folder: Path) -> None:
    change(folder, {"policy.yaml": ("enabled: true", "enabled: false")})
    change(folder, {"policy.yaml": ("after_cleared: 4 h", "after_cleared: 300 d")})
    assert said(folder) == []


def test_without_delay_notices_their_times_do_not_matter(folder: Path) -> None:
    change(folder, {"policy.yaml": ("at_most: 3", "at_most: 0")})
    change(folder, {"policy.yaml": ("3: 30 min", "3: 1 min")})
    assert said(folder) == []


def test_no_survey_is_possible_only_after_an_arrival_that_nobody_tells(folder: Path) -> None:
    change(folder, {"policy.yaml": ("only_after_arrival: false", "only_after_arrival: true")})
    change(folder, {"cad.yaml": ("  arrived: arrived\n", "")})
    (found,) = said(folder)
    assert found.startswith("error: cad.yaml line 2: columns: arrived is not told")


def test_a_field_that_the_service_does_not_fill_in_is_an_error_in_both_languages(folder: Path) -> None:
    """It would fail when the text is to go out."""
    change(folder, {"texts/en.po": ("How did we do?", "How did we do at {time}?")})
    change(folder, {"texts/fr.po": ("Avons-nous bien", "À {time}, avons-nous bien")})
    assert [line.partition(" line ")[0] for line in said(folder)] == ["error: texts/en.po", "error: texts/fr.po"]
    assert all("'survey' asks for {time}; there are: agency, case_number" in line for line in said(folder))


def test_a_file_that_looks_as_if_it_counted_and_does_not_is_said(folder: Path) -> None:
    (folder / "policy.yml").write_text("", encoding="utf-8")
    (folder / "texts" / "es.po").write_text("", encoding="utf-8")
    (folder / "README.md").write_text("", encoding="utf-8")
    assert [line.split(":")[1] for line in said(folder)] == [" policy.yml", " texts/es.po"]


def test_no_group_that_is_allowed_is_an_error(folder: Path) -> None:
    change(folder, {"call_types.yaml": ("rule: allowed", "rule: excluded")})
    assert said(folder) == [
        "error: call_types.yaml line 6: groups: no group is allowed, so nobody would be texted; at least one has to be"
    ]


@pytest.mark.parametrize("name", ["ottawa", "new-york", "san-diego"])
def test_the_folders_that_we_ship_have_no_error(name: str) -> None:
    assert not [finding for finding in check_folder(AGENCIES / name) if finding.level is Level.ERROR]


def test_a_demonstration_may_have_the_rules_of_the_service_that_it_shows() -> None:
    """New York's log has no priority 3."""
    (finding,) = check_folder(AGENCIES / "new-york")
    assert "cad.yaml never yields the priority 3; it yields 1, 4" in finding.what
    assert finding.level is Level.WARNING


def test_a_folder_that_is_not_there_is_said_with_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AgencyError, match=f"agencies/otawa: there is no such folder in {tmp_path};"):
        check_folder(Path("agencies/otawa"))
