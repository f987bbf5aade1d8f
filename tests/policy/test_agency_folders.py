"""An agency's folder: the two that we ship, and every way in which one can be broken."""

import csv
import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from calls.facts import Source
from calls.policy import Threshold, TypeRule
from policy.agency import Agency, load_agency
from policy.yaml_file import AgencyError
from tests.builders import hours, minutes
from tests.conftest import AGENCIES

_POLICY = (AGENCIES / "ottawa" / "policy.yaml").read_text(encoding="utf-8")
RETENTION = _POLICY[_POLICY.index("retention:") : _POLICY.index("texts:\n")]


@dataclass(frozen=True)
class Broken:
    """One text of one file replaced; the complaint names this line of the changed file, and says this."""

    file: str
    old: str
    new: str
    line_of: str
    says: str


BROKEN = {
    "an area of no level": Broken(
        "areas.yaml",
        "  Bay: {level: ward,",
        "  Bay: {level: town,",
        "  Bay:",
        "areas.Bay.level: 'town' is none of levels; there are: ward",
    ),
    "an area within none": Broken(
        "areas.yaml",
        "Somerset: {level: ward,",
        "Somerset: {level: ward, within: centre,",
        "  Somerset:",
        "areas.Somerset.within: 'centre' is none of areas",
    ),
    "an area within itself": Broken(
        "areas.yaml",
        "Somerset: {level: ward,",
        "Somerset: {level: ward, within: Somerset,",
        "  Somerset:",
        "areas.Somerset.within: 'Somerset' is a ward, which is no larger level than ward",
    ),
    "an area in one language": Broken(
        "areas.yaml",
        ", fr: Quartier 7 - Baie",
        "",
        "  Bay:",
        "areas.Bay.name: is missing in fr; en and fr are needed",
    ),
    "a level in one language": Broken(
        "areas.yaml",
        "{en: Ward, fr: Quartier}",
        "{en: Ward}",
        "  ward:",
        "levels.ward: is missing in fr; en and fr are needed",
    ),
    "a version of the map with a space": Broken(
        "areas.yaml", '"2022"', '"of 2022"', "version:", "version: 'of 2022' is not written as it has to be: letters,"
    ),
    "not YAML": Broken("policy.yaml", "sources: [resident]", "sources: [resident", "timetable:", "not YAML"),
    "a tab": Broken("policy.yaml", "  zone:", "\tzone:", "\tzone", "not YAML"),
    "a control character": Broken("policy.yaml", "  delay:", "  \x07delay:", "\x07delay", "not YAML"),
    "NUL": Broken("agency.yaml", "Ottawa Police", "Ottawa\0Police", "Ottawa\0", "not YAML"),
    "an unknown key": Broken(
        "policy.yaml",
        "  delay:\n",
        "  delays: {}\n  delay:\n",
        "delays:",
        "timetable.delays: there is no such key (is delay meant?); there are: zone,",
    ),
    "an unknown key with a block below": Broken(
        "policy.yaml",
        "  confirmation:",
        "  confirmations:\n    after: 3 min\n  confirmation:",
        "confirmations:",
        "timetable.confirmations: there is no such key",
    ),
    "a missing key": Broken(
        "policy.yaml",
        "    repeat_every: 120 min\n",
        "",
        "  delay:",
        "timetable.delay.repeat_every: this key is missing",
    ),
    "a key that stands twice": Broken(
        "policy.yaml",
        "    at_most: 3 ",
        "    at_most: 2\n    at_most: 3 ",
        "at_most: 3",
        "at_most: this stands here a second",
    ),
    "a group that stands twice": Broken(
        "call_types.yaml", "  animal:", "  alarm: {}\n  animal:", "alarm: {}", "alarm: this stands here a second time"
    ),
    "a duration without a unit": Broken(
        "policy.yaml", "after_hang_up: 2 min", "after_hang_up: 2", "after_hang_up", "'2' is not a length of time"
    ),
    "a duration in words": Broken(
        "policy.yaml", "3: 30 min", "3: half an hour", "3: half", "first_after.3.after: 'half an hour' is not"
    ),
    "a duration on a clock": Broken(
        "policy.yaml",
        "repeat_every: 120 min",
        "repeat_every: '02:00'",
        "repeat_every",
        "'02:00' is not a length of time",
    ),
    "a negative duration": Broken(
        "policy.yaml", "after_received: 3 min", "after_received: -3 min", "after_received", "'-3 min' is not a length"
    ),
    "a negative duration as computers write it": Broken(
        "policy.yaml", "after_received: 3 min", "after_received: -PT3M", "after_received", "'-PT3M' is not a length"
    ),
    "a duration beyond the calendar": Broken(
        "policy.yaml",
        "give_up_after: 14 d",
        "give_up_after: 999999999 d",
        "give_up_after",
        "from 0 s to 366 d",
    ),
    "a duration beyond any number": Broken(
        "policy.yaml",
        "give_up_after: 14 d",
        "give_up_after: 99999999999999999999 d",
        "give_up_after",
        "not a length of time",
    ),
    "all notices in one breath": Broken(
        "policy.yaml", "repeat_every: 120 min", "repeat_every: 0 min", "repeat_every", "cannot be 0"
    ),
    "stale at once": Broken(
        "policy.yaml", "expires_after: 72 h", "expires_after: 0 h", "expires_after: 0 h", "survey.expires_after"
    ),
    "words that are forgotten before they were looked up": Broken(
        "policy.yaml",
        "bodies: 365 d",
        "bodies: 2 d",
        "bodies: 2 d",
        "retention.bodies: the words of texts are needed for",
    ),
    "no retention": Broken("policy.yaml", RETENTION, "", "priorities:", "retention: this key is missing"),
    "a number so slow that no time can be reckoned": Broken(
        "agency.yaml",
        "segments_per_second: 1 ",
        "segments_per_second: 1e-300 ",
        "segments_per_second",
        "'1e-300' is too little; 0.1 or more is allowed",
    ),
    "a negative cap": Broken(
        "policy.yaml", "at_most: 3", "at_most: -1", "at_most", "'-1' is too little; 0 or more is allowed"
    ),
    "no such zone": Broken(
        "policy.yaml", "zone: America/Toronto", "zone: Ottawa", "zone:", "timetable.zone: 'Ottawa' is not a time zone"
    ),
    "a folder of zones": Broken(
        "policy.yaml", "zone: America/Toronto", "zone: America", "zone:", "'America' is not a time zone"
    ),
    "no such zone of the CAD": Broken(
        "cad.yaml", "zone: America/Toronto", "zone: America", "zone:", "zone: 'America' is not a time zone"
    ),
    "an hour that there is not": Broken("policy.yaml", '"20:00"', '"25:00"', "closes:", "timetable.survey.closes"),
    "an hour of another zone": Broken("policy.yaml", '"09:00"', '"09:00Z"', "opens:", "the agency's own, in its zone"),
    "a window that never opens": Broken(
        "policy.yaml", '"20:00"', '"09:00"', "  survey:", "open at 09:00 and close at 09:00"
    ),
    "a switch that is neither on nor off": Broken(
        "policy.yaml", "enabled: true", "enabled: perhaps", "enabled", "timetable.survey.enabled"
    ),
    "a priority in words": Broken("policy.yaml", "[3, 4]", "[3, low]", "priorities:", "priorities.1"),
    "an unknown source": Broken("policy.yaml", "[resident]", "[resident, robot]", "sources:", "sources.1"),
    "a code of an unknown source": Broken("cad.yaml", "alarm: alarm", "alarm: robot", "alarm: robot", "sources.alarm"),
    "a code of no priority": Broken("cad.yaml", '"5": 5', '"5": five', "priorities:", "priorities.5"),
    "an unknown column": Broken(
        "cad.yaml", "  area: area", "  areas: area", "areas:", "columns.areas: there is no such key (is area meant?)"
    ),
    "a code in two groups": Broken(
        "call_types.yaml",
        "codes: [ANIMAL*]",
        "codes: [ANIMAL*, dva]",
        "codes: [ANIMAL",
        "'dva' stands in intimate_partner",
    ),
    "a code twice in one group": Broken(
        "call_types.yaml",
        "codes: [ANIMAL*]",
        "codes:\n      - ANIMAL*\n      - ANIMAL*",
        "      - ANIMAL*",
        "stands in animal",
    ),
    "a group without codes": Broken(
        "call_types.yaml",
        "codes: [ANIMAL*]",
        "codes: []",
        "codes: []",
        "groups.animal.codes: nothing is listed here",
    ),
    "an unknown rule": Broken(
        "call_types.yaml",
        "rule: sensitive\n    reason: abduction",
        "rule: careful\n    reason: abduction",
        "careful",
        "rule",
    ),
    "no French label": Broken(
        "call_types.yaml", "{en: Animal, fr: Animal}", "{en: Animal}", "{en: Animal}", "animal.label: is missing in fr"
    ),
    "a label in a third language": Broken(
        "call_types.yaml", "{en: Animal, fr", "{en: Animal, de: Tier, fr", "de: Tier", "animal.label.de"
    ),
    "relaxes outside a demonstration": Broken(
        "call_types.yaml",
        "    reason: an animal\n",
        "    reason: an animal\n    relaxes: alarms\n",
        "relaxes:",
        "groups.animal.relaxes: for demonstrations only, and agency.yaml says no",
    ),
    "relaxing an excluded group": Broken(
        "call_types.yaml",
        "    reason: demonstrations\n",
        "    reason: demonstrations\n    relaxes: all\n",
        "relaxes:",
        "groups.demonstration.relaxes: stands only with `rule: allowed`",
    ),
    "no French name": Broken("agency.yaml", "  fr: Police d’Ottawa\n", "", "name:", "name: is missing in fr"),
    "a sender that is no number": Broken(
        "agency.yaml",
        "+13438036032",
        "343-803-6032",
        "sender:",
        "sender: '343-803-6032' is not written as it has to be: +1",
    ),
    "a key that no id can carry": Broken(
        "agency.yaml",
        "key: ottawa",
        "key: Ottawa Police",
        "key:",
        "key: 'Ottawa Police' is not written as it has to be: small letters",
    ),
    "a survey without French": Broken(
        "survey.yaml",
        "      fr: Avez-vous autre chose à nous dire?\n",
        "",
        "    text:\n      en: Is there anything",
        "text.fr: this key is missing",
    ),
    "no French text": Broken(
        "texts/fr.po", 'msgid "delay"', 'msgid "delays"', 'msgid "delays"', "'delays' is not a text of this"
    ),
    "an unequal French text": Broken(
        "texts/fr.po", "{case_number}", "", 'msgid "confirmation"', "'confirmation' lacks {case_number}"
    ),
    "a text that asks for a name": Broken(
        "texts/en.po",
        "case {case_number}",
        "{caller_name}",
        'msgid "confirmation"',
        "asks for {caller_name}; there are: agency, case_number, code, emergency_line, non_emergency_line, time",
    ),
    "a reply that asks for a case number": Broken(
        "texts/en.po",
        "nobody reads",
        "{case_number} nobody reads",
        'msgid "auto_reply"',
        "'auto_reply' asks for {case_number}; there are: agency, emergency_line, non_emergency_line",
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(AGENCIES / "ottawa", tmp_path / "ottawa"))


def complaint(folder: Path) -> str:
    """The one line that says what is wrong."""
    with pytest.raises(AgencyError) as error:
        load_agency(folder)
    message = str(error.value)
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_folder_gives_one_line_that_names_file_line_and_what_is_wrong(folder: Path, broken: Broken) -> None:
    path = folder / broken.file
    before = path.read_text(encoding="utf-8")
    assert broken.old in before
    after = before.replace(broken.old, broken.new)
    path.write_text(after, encoding="utf-8")
    says = complaint(folder)
    # From behind: what a case adds stands below what it repeats.
    line = after[: after.rindex(broken.line_of)].count("\n") + 1
    assert says.startswith(f"{path} line {line}: ")
    assert broken.says in says


FILES = ["agency.yaml", "policy.yaml", "call_types.yaml", "cad.yaml", "survey.yaml", "texts/en.po", "texts/fr.po"]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.unlink(), "this file is missing"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be read (Is a directory)"),
        (lambda path: path.write_bytes("clé: é".encode("latin-1")), "not a text file in UTF-8; save it as UTF-8"),
        (lambda path: path.write_bytes(b"\x1f\x8b\x08\x00\xff"), "not a text file in UTF-8; save it as UTF-8"),
    ],
    ids=["missing", "a directory", "latin-1", "binary"],
)
def test_a_file_that_cannot_be_read_is_named(
    folder: Path, file: str, spoil: Callable[[Path], object], says: str
) -> None:
    spoil(folder / file)
    assert complaint(folder) == f"{folder / file}: {says}"


@pytest.mark.parametrize("file", [name for name in FILES if name.endswith(".yaml")])
@pytest.mark.parametrize("content", ["", "# nothing\n", "just words\n", "- a\n- list\n", "1\n"])
def test_a_file_that_holds_something_else_is_named(folder: Path, file: str, content: str) -> None:
    (folder / file).write_text(content, encoding="utf-8")
    assert complaint(folder).startswith(f"{folder / file} line 1: the file: ")


def test_a_folder_that_is_not_there_is_named_with_an_example(tmp_path: Path) -> None:
    says = complaint(tmp_path / "otawa")
    assert says == f"{tmp_path / 'otawa'}: there is no such folder; an agency's folder is, for example, agencies/ottawa"


def test_what_an_editor_leaves_behind_does_not_matter(folder: Path) -> None:
    version = load_agency(folder).version
    (folder / ".#policy.yaml").symlink_to("nobody@nowhere.1234")
    (folder / "policy.yaml~").write_text("{", encoding="utf-8")
    assert load_agency(folder).version == version


@pytest.mark.parametrize("file", [*FILES, "areas.yaml"])
def test_r9_any_change_of_any_file_is_a_new_version_of_the_policy(folder: Path, file: str) -> None:
    before = load_agency(folder)
    with (folder / file).open("a", encoding="utf-8") as text:
        text.write("\n# another day\n")
    after = load_agency(folder)
    assert after.version != before.version
    assert after.policy.version == after.version


def test_a_copy_of_the_folder_is_the_same_version(folder: Path, ottawa: Agency) -> None:
    assert load_agency(folder) == ottawa


class TestOttawa:
    def test_its_policy_is_the_one_that_was_agreed(self, ottawa: Agency) -> None:
        who, when = ottawa.policy.eligibility, ottawa.policy.timetable
        assert (who.priorities, who.sources) == (frozenset({3, 4}), frozenset({Source.RESIDENT}))
        assert when.zone == "America/Toronto"
        assert (when.confirmation.after_received, when.confirmation.after_hang_up) == (minutes(3), minutes(2))
        assert when.delay.first_after == {3: Threshold(after=minutes(30)), 4: Threshold(after=minutes(60))}
        assert (when.delay.repeat_every, when.delay.at_most) == (minutes(120), 3)
        assert when.survey.enabled
        assert when.survey.after_cleared == hours(4)
        assert (when.survey.opens.isoformat(), when.survey.closes.isoformat()) == ("09:00:00", "20:00:00")
        assert when.survey.expires_after == hours(72)
        assert when.give_up_after == hours(14 * 24)
        assert ottawa.identity.sender == "+13438036032"

    def test_it_is_no_demonstration_and_relaxes_nothing(self, ottawa: Agency) -> None:
        assert not ottawa.identity.demonstration
        assert not [group for group in ottawa.call_types.groups.values() if group.relaxes]


class TestNewYork:
    def test_it_has_the_timetable_of_ottawa_zone_apart(self, ottawa: Agency, new_york: Agency) -> None:
        assert new_york.policy.timetable.model_copy(update={"zone": "America/Toronto"}) == ottawa.policy.timetable
        assert new_york.policy.timetable.zone == new_york.cad.zone == "America/New_York"
        assert new_york.policy.eligibility.priorities == ottawa.policy.eligibility.priorities
        assert new_york.policy.eligibility.sources == ottawa.policy.eligibility.sources

    def test_r1_it_allows_no_type_that_ottawa_excludes(self, ottawa: Agency, new_york: Agency) -> None:
        allowed = {
            code.removesuffix("*")
            for group in new_york.call_types.groups.values()
            if group.rule is TypeRule.ALLOWED
            for code in group.codes
        }
        rules = {code: ottawa.call_types.group_of(code) for code in allowed}
        groups = ottawa.call_types.groups
        assert not {code for code, name in rules.items() if name and groups[name].rule is not TypeRule.ALLOWED}

    def test_it_says_what_it_relaxes_and_relaxes_none_of_the_sensitive_exclusions(
        self, ottawa: Agency, new_york: Agency
    ) -> None:
        relaxed = {name: group.relaxes for name, group in new_york.call_types.groups.items() if group.relaxes}
        assert set(relaxed) == {"holding_suspect"}
        sensitive = [group.reason for group in ottawa.call_types.groups.values() if group.rule is TypeRule.SENSITIVE]
        assert not [word for word in sensitive if any(word in (text or "").lower() for text in relaxed.values())]

    def test_a_blank_source_counts_as_a_resident(self, new_york: Agency) -> None:
        assert new_york.cad.sources == {"": "resident"}

    def test_it_knows_every_call_type_of_its_log(self, new_york: Agency) -> None:
        with gzip.open(AGENCIES / "new-york" / "sample" / "calls-2024.csv.gz", "rt", encoding="utf-8") as log:
            codes = {row[column] for row in csv.DictReader(log) for column in ("type_initial", "type_final")} - {""}
        assert len(codes) == 20
        assert not {code for code in codes if new_york.call_types.group_of(code) is None}

    def test_a_type_that_the_log_never_had_is_unknown(self, new_york: Agency) -> None:
        assert new_york.call_types.group_of("ROBBERY (IN PROGRESS): BANK") is None


class TestCallTypes:
    @pytest.mark.parametrize(
        ("code", "group"),
        [
            ("NOISE", "noise"),
            ("noise  complaint", "noise"),
            (" Break  and Enter ", "break_in"),
            ("SUSPICIOUS PACKAGE", "bomb_threat"),
            ("SUSPICIOUS PERSON", "disturbance"),
            ("SUSPICIOUS", None),
            ("", None),
            ("*", None),
            ("XNOISE", None),
            ("DVA2", None),
        ],
    )
    def test_a_code_is_found_exactly_or_by_its_beginning(self, ottawa: Agency, code: str, group: str | None) -> None:
        assert ottawa.call_types.group_of(code) == group

    @pytest.mark.parametrize(
        ("code", "group"),
        [
            ("BREAK AND ENTER IN PROGRESS", "in_progress"),
            ("TRESPASS - IN-PROGRESS", "in_progress"),
            ("VOL EN COURS", "in_progress"),
            ("DISTURBANCE - DOMESTIC", "intimate_partner_violence"),
            ("THEFT - KNIFE", "weapon"),
            ("NOISE ALARM RINGING", "alarm"),
            ("DOMESTIC ASSAULT IN PROGRESS", "intimate_partner_violence"),
        ],
    )
    def test_r1_of_several_patterns_the_one_that_silences_most_decides(
        self, ottawa: Agency, code: str, group: str
    ) -> None:
        assert ottawa.call_types.group_of(code) == group

    def test_a_code_that_is_written_out_decides_over_every_pattern(self, folder: Path) -> None:
        path = folder / "call_types.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("[ANIMAL*]", '["ANIMAL*", "DOMESTIC ANIMAL"]'), encoding="utf-8")
        call_types = load_agency(folder).call_types
        assert call_types.group_of("domestic animal") == "animal"
        assert call_types.group_of("DOMESTIC ANIMAL FOUND") == "intimate_partner_violence"
