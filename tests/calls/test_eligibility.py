"""R1 and R9: who may be texted. Each rule by its name, and each of Ottawa's exclusions."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.eligibility import Decision, Eligibility, Rule, decide, latch_of
from calls.facts import CallFacts, CancelReason, Source, Untextable
from calls.policy import Policy, TypeRule
from policy.agency import Agency, load_agency
from tests.builders import some_facts
from tests.conftest import AGENCIES

OTTAWA = load_agency(AGENCIES / "ottawa")
NEW_YORK = load_agency(AGENCIES / "new-york")
POLICY = OTTAWA.policy

NOTHING_KNOWN: Mapping[str, Any] = dict.fromkeys(
    [
        "case_number",
        "priority_code",
        "priority",
        "call_type_code",
        "call_type_group",
        "source_code",
        "source",
        "received_at",
    ]
)

# In the order in which they speak: each fact is reason enough by itself, and the earlier one gives its name.
RULES: list[tuple[Rule, dict[str, Any]]] = [
    (Rule.IN_PROGRESS, {"in_progress": True}),
    (Rule.SAFETY_FLAG, {"safety_flag": True}),
    (Rule.SENSITIVE_TYPE, {"call_type_code": "DVA", "call_type_group": "intimate_partner_violence"}),
    (Rule.EXCLUDED_TYPE, {"call_type_code": "ALMB", "call_type_group": "alarm"}),
    (Rule.UNKNOWN_TYPE, {"call_type_code": "ZZZ", "call_type_group": None}),
    (Rule.PRIORITY, {"priority_code": "2", "priority": 2}),
    (Rule.UNKNOWN_PRIORITY, {"priority_code": "X", "priority": None}),
    (Rule.SOURCE, {"source_code": "radio", "source": Source.OFFICER}),
    (Rule.UNKNOWN_SOURCE, {"source_code": "zz", "source": None}),
    (Rule.LATCH, {"latch": Rule.SAFETY_FLAG.value}),
    (Rule.FORGOTTEN, {"latch": Rule.FORGOTTEN.value}),
    (Rule.CANCELLED, {"cancelled": CancelReason.DUPLICATE}),
    (Rule.MISSING_FACT, {"case_number": None}),
    (Rule.UNTEXTABLE, {"untextable": Untextable.PSEUDO}),
    (Rule.NO_NUMBER, {"recipient_version": 0}),
]
FOR_EVER = {Rule.IN_PROGRESS, Rule.SAFETY_FLAG, Rule.SENSITIVE_TYPE, Rule.EXCLUDED_TYPE, Rule.PRIORITY}


def decided(**facts: Any) -> Decision:
    return decide(some_facts(**facts), POLICY)


def typed(agency: Agency, code: str) -> CallFacts:
    """The call as the starter understands it when CAD gives it this type."""
    return some_facts(call_type_code=code, call_type_group=agency.call_types.group_of(code))


def test_with_all_rules_met_the_caller_may_be_texted() -> None:
    decision = decided()
    assert (decision.eligibility, decision.rule) == (Eligibility.ELIGIBLE, Rule.ALL_MET)
    assert decision.is_eligible


@pytest.mark.parametrize(("rule", "facts"), RULES)
def test_each_rule_forbids_by_itself_and_gives_its_name(rule: Rule, facts: dict[str, Any]) -> None:
    decision = decided(**facts)
    assert decision.rule == rule
    assert decision.is_eligible is False
    assert decision.reason
    assert "\n" not in decision.reason


def test_every_rule_is_in_the_table() -> None:
    assert {rule for rule, _ in RULES} | {Rule.ALL_MET} == set(Rule)


@pytest.mark.parametrize("first", range(len(RULES)))
def test_of_two_rules_the_more_protective_one_gives_its_name(first: int) -> None:
    for later in range(first + 1, len(RULES)):
        both = RULES[later][1] | RULES[first][1]
        if RULES[later][1].keys() & RULES[first][1].keys():
            continue  # one call has one type, one priority and one source
        assert decided(**both).rule == RULES[first][0], (RULES[first][0], RULES[later][0])


def test_r9_every_decision_carries_the_version_of_the_policy() -> None:
    assert decided().policy_version == POLICY.version == OTTAWA.version
    assert decided(safety_flag=True).policy_version == POLICY.version


@pytest.mark.parametrize("missing", ["call_type_code", "priority_code", "source_code", "received_at", "case_number"])
def test_while_a_mandatory_fact_is_missing_the_call_is_undecided(missing: str) -> None:
    reading = {"call_type_code": "call_type_group", "priority_code": "priority", "source_code": "source"}
    gone = {missing: None, reading.get(missing, missing): None}
    assert (decided(**gone).eligibility, decided(**gone).rule) == (Eligibility.UNDECIDED, Rule.MISSING_FACT)


def test_all_that_is_missing_is_named() -> None:
    decision = decided(**NOTHING_KNOWN)
    assert decision.reason == (
        "CAD has not told the call type, the priority, the source, the time of receipt, the case number"
    )


@pytest.mark.parametrize(("rule", "facts"), [pair for pair in RULES if pair[0] in FOR_EVER | {Rule.UNKNOWN_TYPE}])
def test_what_is_known_to_be_excluded_does_not_wait_for_what_is_missing(rule: Rule, facts: dict[str, Any]) -> None:
    decision = decided(**{**NOTHING_KNOWN, "recipient_version": 0, **facts})
    assert (decision.eligibility, decision.rule) == (Eligibility.INELIGIBLE, rule)


@pytest.mark.parametrize(
    "facts",
    [
        {"call_type_code": "ZZZ", "call_type_group": None},
        {"call_type_code": "ZZZ", "call_type_group": ""},
        {"call_type_code": "NOISE", "call_type_group": "a group that the folder no longer has"},
        {"call_type_code": "", "call_type_group": None},
        {"priority_code": "P", "priority": None},
        {"priority_code": "0", "priority": 0},
        {"priority_code": "9", "priority": 9},
        {"source_code": "?", "source": None},
        {"source_code": "?", "source": Source.OTHER},
    ],
)
def test_r1_an_unknown_code_is_never_taken_for_a_harmless_one(facts: dict[str, Any]) -> None:
    assert decided(**facts).eligibility is Eligibility.INELIGIBLE


class TestLatch:
    @pytest.mark.parametrize(("rule", "facts"), RULES)
    def test_r1_risk_excluded_types_and_priorities_silence_for_ever_the_rest_only_for_now(
        self, rule: Rule, facts: dict[str, Any]
    ) -> None:
        assert latch_of(some_facts(**facts), POLICY) == (rule if rule in FOR_EVER else None)

    def test_a_harmless_call_has_none(self) -> None:
        assert latch_of(some_facts(), POLICY) is None

    @pytest.mark.parametrize(("rule", "facts"), [pair for pair in RULES if pair[0] in FOR_EVER])
    def test_an_unknown_code_beside_it_does_not_hide_it(self, rule: Rule, facts: dict[str, Any]) -> None:
        unknown = {"call_type_code": "ZZZ", "call_type_group": None, "priority_code": "X", "priority": None}
        others = {"source_code": "?", "source": None, "cancelled": "merged"}
        assert latch_of(some_facts(**{**unknown, **others, **facts}), POLICY) == rule

    @pytest.mark.parametrize("latch", sorted(FOR_EVER))
    def test_once_set_no_other_fact_opens_it(self, latch: Rule) -> None:
        decision = decided(latch=latch.value)
        assert (decision.eligibility, decision.rule) == (Eligibility.INELIGIBLE, Rule.LATCH)
        assert latch in decision.reason

    def test_one_set_by_hand_silences_as_well(self) -> None:
        assert decided(latch="by hand").rule == Rule.LATCH


_any_facts = st.fixed_dictionaries(
    {
        "in_progress": st.booleans(),
        "safety_flag": st.booleans(),
        "latch": st.sampled_from([None, None, None, "in progress"]),
        "cancelled": st.sampled_from([None, None, *CancelReason]),
        "call_type_code": st.sampled_from([None, "NOISE", "ZZZ"]),
        "call_type_group": st.sampled_from([None, "", "?", *POLICY.eligibility.groups]),
        "priority_code": st.sampled_from([None, "4", "X"]),
        "priority": st.sampled_from([None, *range(-1, 10)]),
        "source_code": st.sampled_from([None, "", "phone"]),
        "source": st.sampled_from([None, *Source]),
        "case_number": st.sampled_from([None, "26-1"]),
        "recipient_version": st.integers(0, 3),
    }
)


@settings(max_examples=1000, deadline=None)
@given(_any_facts)
def test_r1_whoever_is_texted_meets_every_condition_of_the_policy(facts: dict[str, Any]) -> None:
    call = some_facts(**facts)
    decision = decide(call, POLICY)
    group = POLICY.eligibility.groups.get(call.call_type_group or "")
    allowed = (
        group is not None
        and group.rule is TypeRule.ALLOWED
        and call.call_type_code is not None
        and call.priority_code is not None
        and call.priority in {3, 4}
        and call.source_code is not None
        and call.source is Source.RESIDENT
        and call.case_number is not None
        and call.recipient_version > 0
        and not (call.in_progress or call.safety_flag or call.latch or call.cancelled)
    )
    assert decision.is_eligible == allowed
    assert allowed <= (latch_of(call, POLICY) is None)


EXCLUSIONS = [
    # what the policy of Ottawa names, how CAD may write it, and by which rule it is silent
    ("sexual assault", "SEXUAL ASSAULT", Rule.SENSITIVE_TYPE),
    ("sexual assault", "Sexual Assault - historic", Rule.SENSITIVE_TYPE),
    ("sexual assault", "SEXOFFNS", Rule.SENSITIVE_TYPE),
    ("intimate partner violence", "INTIMATE PARTNER VIOLENCE", Rule.SENSITIVE_TYPE),
    ("intimate partner violence", "DOMESTIC VIOL DELAY", Rule.SENSITIVE_TYPE),
    ("intimate partner violence", "DVA", Rule.SENSITIVE_TYPE),
    ("intimate partner violence", "DVNA", Rule.SENSITIVE_TYPE),
    ("abduction", "ABDUCTION", Rule.SENSITIVE_TYPE),
    ("abduction", "ABDUCTF", Rule.SENSITIVE_TYPE),
    ("abduction", "ABDUCTNF", Rule.SENSITIVE_TYPE),
    ("abduction", "HOSTAGE", Rule.SENSITIVE_TYPE),
    ("bomb threats", "BOMB THREAT", Rule.SENSITIVE_TYPE),
    ("bomb threats", "BOMB", Rule.SENSITIVE_TYPE),
    ("bomb threats", "EXPLOS", Rule.SENSITIVE_TYPE),
    ("alarms and other alerts", "ALARM", Rule.EXCLUDED_TYPE),
    ("alarms and other alerts", "ALARM - COMMERCIAL", Rule.EXCLUDED_TYPE),
    ("alarms and other alerts", "ALMB", Rule.EXCLUDED_TYPE),
    ("alarms and other alerts", "ALERT - AMBER", Rule.EXCLUDED_TYPE),
    ("demonstrations", "DEMONSTRATION", Rule.EXCLUDED_TYPE),
    ("demonstrations", "PROTEST", Rule.EXCLUDED_TYPE),
    ("demonstrations", "CIVDIS", Rule.EXCLUDED_TYPE),
    ("assaults", "ASSAULT", Rule.EXCLUDED_TYPE),
    ("assaults", "assault  with weapon", Rule.EXCLUDED_TYPE),
]


@pytest.mark.parametrize(("exclusion", "code", "rule"), EXCLUSIONS)
def test_r1_ottawa_excludes_by_name(exclusion: str, code: str, rule: Rule) -> None:
    facts = typed(OTTAWA, code)
    assert decide(facts, POLICY).rule == rule
    assert decide(facts, POLICY).reason.startswith(exclusion.removesuffix("s"))
    assert latch_of(facts, POLICY) == rule


@pytest.mark.parametrize("code", [code for _, code, _ in EXCLUSIONS])
def test_r1_what_ottawa_excludes_new_york_does_not_text_either(code: str) -> None:
    assert decide(typed(NEW_YORK, code), NEW_YORK.policy).eligibility is Eligibility.INELIGIBLE


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("ASSAULT (PAST): OTHER/CHILD ABUSE", Rule.SENSITIVE_TYPE),
        ("ASSAULT (PAST): WEAPON/CHILD ABUSE", Rule.SENSITIVE_TYPE),
        ("ASSAULT (PAST): KNIFE/CHILD ABUSE", Rule.SENSITIVE_TYPE),
        ("ASSAULT (PAST): SHOTS/CHILD ABUSE", Rule.SENSITIVE_TYPE),
        ("ASSAULT (PAST): SHOTS/TRANSIT", Rule.EXCLUDED_TYPE),
        ("ASSAULT (IN PROGRESS): SHOTS/LTD ACC HWY", Rule.EXCLUDED_TYPE),
        ("SUSP LETTER: INSIDE", Rule.SENSITIVE_TYPE),
        ("SUSP PACKAGE: LTD ACC HWY", Rule.SENSITIVE_TYPE),
    ],
)
def test_r1_new_york_excludes_by_name(code: str, rule: Rule) -> None:
    assert decide(typed(NEW_YORK, code), NEW_YORK.policy).rule == rule
    assert latch_of(typed(NEW_YORK, code), NEW_YORK.policy) == rule


@pytest.mark.parametrize("agency", [OTTAWA, NEW_YORK], ids=lambda agency: agency.key)
def test_both_folders_exclude_what_is_in_progress_and_whoever_is_no_resident(agency: Agency) -> None:
    policy: Policy = agency.policy
    group = next(name for name, group in policy.eligibility.groups.items() if group.rule is TypeRule.ALLOWED)
    call = some_facts(call_type_group=group)
    assert decide(call, policy).is_eligible
    assert decide(call.model_copy(update={"in_progress": True}), policy).rule == Rule.IN_PROGRESS
    for source in set(Source) - {Source.RESIDENT}:
        assert decide(call.model_copy(update={"source": source}), policy).rule == Rule.SOURCE
    for priority in {0, 1, 2, 5, 6, 7, 8, 9}:
        assert decide(call.model_copy(update={"priority": priority}), policy).rule == Rule.PRIORITY


@pytest.mark.parametrize("case_number", ["1", "26-104233", "NYC-26103412345", "E23010000001", "26/0001 #2", "9" * 30])
def test_a_case_number_of_letters_and_digits_may_stand_in_a_text(case_number: str) -> None:
    assert decided(case_number=case_number).is_eligible


@pytest.mark.parametrize(
    "case_number",
    [
        *(
            "",
            " ",
            "-",
            "John Smith",
            "N/A",
            "26-1\n",
            "26-1\nCall 613-555-0199",
            "26-\x001",
            "26\u202e1",
            "№ 26",
            "26–1",
        ),
        *("9" * 31, " 26-1", "26-1 ", "26-1, 12 Elm St", "26-1 {link}", "26-1; call", "dossier é 26", "٢٦"),
    ],
)
def test_a_text_waits_for_a_case_number_that_may_stand_in_it(case_number: str) -> None:
    """What is in that field may be a name, a remark, anything: CAD is to correct it, or nobody is texted (R3)."""
    decision = decided(case_number=case_number)
    assert (decision.eligibility, decision.rule) == (Eligibility.UNDECIDED, Rule.MISSING_FACT)
    assert decision.reason == "CAD has not told a case number that can stand in a text"
