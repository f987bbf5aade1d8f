"""The folder of San Diego: every type of a whole city's log is decided, and on the careful side."""

import csv
import gzip
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from calls.contracts import Kind
from calls.facts import CancelReason, Language, Source
from calls.policy import TypeRule
from policy.agency import Agency, load_agency
from tests.conftest import AGENCIES
from texts.render import render
from texts.segments import Encoding
from texts.wording import Piece

FOLDER = AGENCIES / "san-diego"
UNKNOWN_ON_PURPOSE = {"1016P", "1110M", "APPT", "CC", "CCF", "DC", "DC-S", "REPORT"}
"""Types of the log by their code: the city's list lacks them, or its words leave open who waits for what."""

TELL_TALE = [
    *("IN PROGR", "THERE NOW", "OCCURRING NOW", "HOT PROWL", "CASER", "ALARM", "ALERT", "WEAPON", "FIREARM", "FIRING"),
    *("ROBBERY", "BATTERY", "ADW", "VIOLEN", "DOMESTIC", "THREAT", "EXTORTION", "KIDNAP", "CHILD", "JUV", "ABUSE"),
    *("STALKING", "TRO ", "MISSING", "MENTAL", "SUICID", "DEATH", "MURDER", "HATE", "BOMB", "EXPLO", "INDECENT"),
    *("DEMONSTRATION", "HANG UP", "HANGUP", "WELFARE", "INJURED", "AMBULANCE", "FIRE", "FLAG DOWN", "FIELD INITIATED"),
    *("ALL UNITS", "TRAFFIC STOP", "PATROL", "ENFORCEMENT", "DETAIL", "MEETING", "PRISONER", "WARRANT", "PURSUIT"),
]


LOOKS_LIKE_AN_ALLOWED_ONE = [
    *("FOUND CHILD", "LOST CHILD", "FOUND DEAD BODY", "SLEEPER UNCONSCIOUS PERSON", "594R VANDALISM DV RELATED"),
    *("459R BURGLARY REPORT RAPE", "PARTY WITH FIGHT"),
]


@pytest.fixture(scope="module")
def san_diego() -> Agency:
    return load_agency(FOLDER)


def rows_of(name: str) -> Iterator[dict[str, str]]:
    with gzip.open(FOLDER / "sample" / name, "rt", encoding="utf-8") as log:
        yield from csv.DictReader(log)


@cache
def types_of_the_log() -> frozenset[str]:
    return frozenset(row["type_final"] for row in rows_of("calls-2023-01.csv.gz") if row["type_final"])


@cache
def types_of_the_citys_list() -> frozenset[str]:
    return frozenset(f"{row['call_type']} {row['description']}" for row in rows_of("call-types.csv.gz"))


def rule_of(agency: Agency, call_type: str) -> TypeRule | None:
    group = agency.call_types.group_of(call_type)
    return None if group is None else agency.call_types.groups[group].rule


@pytest.fixture(scope="module")
def allowed(san_diego: Agency) -> set[str]:
    """The types that get texts, of the log and of the city's list."""
    every = types_of_the_citys_list() | types_of_the_log()
    return {call_type for call_type in every if rule_of(san_diego, call_type) is TypeRule.ALLOWED}


class TestCallTypes:
    def test_every_type_of_the_log_is_in_a_group_or_unknown_on_purpose(self, san_diego: Agency) -> None:
        types = types_of_the_log()
        unknown = {code for code in types if san_diego.call_types.group_of(code) is None}
        assert len(types) == 210
        assert {call_type.split()[0] for call_type in unknown} == UNKNOWN_ON_PURPOSE

    def test_a_code_without_its_words_or_with_a_sign_more_is_unknown(self, san_diego: Agency) -> None:
        assert rule_of(san_diego, "415N") is None
        assert rule_of(san_diego, "415NX DISTURBING PEACE") is None

    def test_every_pattern_finds_a_type_of_the_log_or_of_the_citys_list_or_is_plain_words(
        self, san_diego: Agency
    ) -> None:
        codes = {call_type.split()[0] for call_type in types_of_the_citys_list() | types_of_the_log()}
        written = {
            code.split()[0]
            for group in san_diego.call_types.groups.values()
            for code in group.codes
            if not code.startswith("*")
        }
        assert not written - codes

    @pytest.mark.parametrize("word", TELL_TALE)
    def test_r1_no_allowed_type_carries_a_tell_tale_word(self, allowed: set[str], word: str) -> None:
        assert not {call_type for call_type in allowed if word in call_type}

    def test_r1_no_allowed_type_is_one_that_ottawa_silences(self, allowed: set[str], ottawa: Agency) -> None:
        words = {call_type.partition(" ")[2] for call_type in allowed}
        silent = {TypeRule.EXCLUDED, TypeRule.SENSITIVE}
        assert len(allowed) > 30
        assert not {text for text in allowed | words if rule_of(ottawa, text) in silent}

    def test_it_relaxes_nothing(self, san_diego: Agency) -> None:
        assert not [group for group in san_diego.call_types.groups.values() if group.relaxes]

    @pytest.mark.parametrize(
        ("call_type", "group", "rule"),
        [
            ("415N DISTURBING PEACE NOISE ONLY", "noise", TypeRule.ALLOWED),
            ("586 ILLEGAL PARKING", "parking", TypeRule.ALLOWED),
            ("SLEEPER SLEEPER", "nuisance", TypeRule.ALLOWED),
            ("459R BURGLARY REPORT", "break_in", TypeRule.ALLOWED),
            ("530 FALSE USE OF ANOTHERS IDENTITY", "fraud", TypeRule.ALLOWED),
            ("20002R HIT AND RUN REPORT", "collision", TypeRule.ALLOWED),
            ("PLATE LOST/STOLEN PLATE ", "theft", TypeRule.ALLOWED),
            ("415DV DOMESTIC VIOL/OCCURRING NOW", "intimate_partner_violence", TypeRule.SENSITIVE),
            ("245DV ADW DOMESTIC VIOLENCE RELATED", "intimate_partner_violence", TypeRule.SENSITIVE),
            ("415PP PRESERVE THE PEACE", "intimate_partner_violence", TypeRule.SENSITIVE),
            ("TRO TRO VIOLATION, REPORT", "intimate_partner_violence", TypeRule.SENSITIVE),
            ("646R STALKING REPORT", "intimate_partner_violence", TypeRule.SENSITIVE),
            ("278R CHILD STEALING REPORT", "abduction", TypeRule.SENSITIVE),
            ("314R INDECENT EXPOSURE REPORT", "sexual_offence", TypeRule.SENSITIVE),
            ("5150 MENTAL CASE", "person_in_crisis", TypeRule.SENSITIVE),
            ("AU-MP MISSING PERSON ALL UNITS INFO", "missing_person", TypeRule.SENSITIVE),
            ("BOMB BOMB THREAT, DESK CALL", "bomb_threat", TypeRule.SENSITIVE),
            ("653M THREATENING PHONE CALL, REPORT", "threat", TypeRule.SENSITIVE),
            ("HATEINV HATE CRIME INVESTIGATION", "hate_crime", TypeRule.SENSITIVE),
            ("459A BURGLARY ALARM", "alarm", TypeRule.EXCLUDED),
            ("459 BURGLARY IN PROGRESS", "in_progress", TypeRule.EXCLUDED),
            ("537 DEFRAUDING INNKEEPER, IN PROGR", "in_progress", TypeRule.EXCLUDED),
            ("242R BATTERY REPORT", "assault", TypeRule.EXCLUDED),
            ("247R FIRING AT UNOCCPD VEH/HSE 1110", "weapon", TypeRule.EXCLUDED),
            ("CW CHECK THE WELFARE", "welfare", TypeRule.EXCLUDED),
            ("911 UNK EMERG, HANG UP/OPEN LINE", "hang_up", TypeRule.EXCLUDED),
            ("SELENF SELECTIVE ENFORCEMENT", "officer_initiated", TypeRule.EXCLUDED),
            ("1185 REQUEST FOR TOW TRUCK", "officer_initiated", TypeRule.EXCLUDED),
            ("T TRAFFIC STOP WITH PLATE", "officer_initiated", TypeRule.EXCLUDED),
            ("MTG IN A MEETING/OUT OF SERVICE", "internal", TypeRule.EXCLUDED),
        ],
    )
    def test_some_types_by_name(self, san_diego: Agency, call_type: str, group: str, rule: TypeRule) -> None:
        assert san_diego.call_types.group_of(call_type) == group
        assert rule_of(san_diego, call_type) is rule


class TestTheRestOfTheFolder:
    def test_it_is_a_demonstration_and_says_what_a_segment_costs(self, san_diego: Agency) -> None:
        assert san_diego.identity.demonstration
        assert san_diego.identity.segment_price is not None

    def test_it_has_the_timetable_of_ottawa_zone_apart(self, ottawa: Agency, san_diego: Agency) -> None:
        assert san_diego.policy.timetable.model_copy(update={"zone": "America/Toronto"}) == ottawa.policy.timetable
        assert san_diego.policy.timetable.zone == san_diego.cad.zone == "America/Los_Angeles"
        assert san_diego.policy.eligibility.priorities == ottawa.policy.eligibility.priorities
        assert san_diego.policy.eligibility.sources == ottawa.policy.eligibility.sources

    def test_the_log_has_every_column_and_no_other_priority_or_source(self, san_diego: Agency) -> None:
        rows = list(rows_of("calls-2023-01.csv.gz"))
        assert len(rows) == 26_595
        assert {*san_diego.cad.columns.required, *san_diego.cad.columns.optional} <= set(rows[0])
        assert {row["priority_native"] for row in rows} == set(san_diego.cad.priorities)
        assert {row["source"] for row in rows} == set(san_diego.cad.sources) == {""}
        assert san_diego.cad.sources[""] is Source.RESIDENT

    def test_a_call_that_was_cancelled_or_is_a_duplicate_is_known_by_its_disposition(self, san_diego: Agency) -> None:
        assert san_diego.cad.cancel_reason("CAN") is CancelReason.CANCELLED
        assert san_diego.cad.cancel_reason("DUP") is CancelReason.DUPLICATE
        assert {san_diego.cad.cancel_reason(code) for code in ("K", "R", "A", "U", "O", "W", None)} == {None}

    @pytest.mark.parametrize("piece", [one for one in Piece if one is not Piece.CONFIRMATION_SURVEY_LINE])
    def test_a_text_says_who_it_is_from_and_costs_no_more_than_new_yorks(
        self, san_diego: Agency, new_york: Agency, piece: Piece
    ) -> None:
        fields = {
            "case_number": "E23010000001",
            "emergency_line": san_diego.identity.emergency_line,
            "non_emergency_line": san_diego.identity.non_emergency_line,
            "link": "https://survey.example.ca/s/0123456789ab",
        }
        for language in (Language.ENGLISH, Language.FRENCH, None):
            ours = render(san_diego.wording, piece, language, fields, announce_survey=True)
            theirs = render(new_york.wording, piece, language, fields, announce_survey=True)
            assert "9-1-1" in ours.body
            assert "SDPD" in ours.body
            assert "NYPD" not in ours.body
            assert ours.segments <= theirs.segments
            if piece is not Piece.VOICE:  # spoken, not sent
                assert ours.encoding is Encoding.GSM7

    @pytest.mark.parametrize("kind", list(Kind))
    def test_r6_every_text_says_how_to_stop(self, san_diego: Agency, kind: Kind) -> None:
        fields = dict.fromkeys(("case_number", "emergency_line", "non_emergency_line", "link"), "1")
        assert "STOP" in render(san_diego.wording, kind, Language.ENGLISH, fields).body
        assert "ARRET" in render(san_diego.wording, kind, Language.FRENCH, fields).body

    def test_nothing_in_it_speaks_of_new_york(self) -> None:
        texts = [path for path in FOLDER.rglob("*") if path.suffix in {".yaml", ".po", ".md"}]
        assert len(texts) == 8
        assert not [path for path in texts if speaks_of_new_york(path)]


def speaks_of_new_york(path: Path) -> bool:
    text = path.read_text(encoding="utf-8").lower()
    return "new york" in text or "new-york" in text or "nypd" in text


@pytest.mark.parametrize("code", LOOKS_LIKE_AN_ALLOWED_ONE)
def test_r1_other_words_behind_the_code_of_an_allowed_type_are_unknown(san_diego: Agency, code: str) -> None:
    group = san_diego.call_types.group_of(code)
    assert group is None or san_diego.call_types.groups[group].rule is not TypeRule.ALLOWED
