"""R1 and R9: may this caller be texted at all? The first rule that speaks decides, and its name is kept."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from calls.case_numbers import is_fit
from calls.facts import CallFacts
from calls.policy import CallTypeGroup, EligibilityRules, Policy, TypeRule


class Eligibility(StrEnum):
    """Undecided: a mandatory fact is missing; the call waits for it."""

    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    UNDECIDED = "undecided"


class Rule(StrEnum):
    """The rules by name, as they stand in decisions, in the ledger and in reports."""

    LATCH = "silenced for ever"
    IN_PROGRESS = "in progress"
    SAFETY_FLAG = "safety flag"
    SENSITIVE_TYPE = "sensitive call type"
    EXCLUDED_TYPE = "excluded call type"
    UNKNOWN_TYPE = "unknown call type"
    UNKNOWN_PRIORITY = "unknown priority"
    PRIORITY = "priority outside the policy"
    UNKNOWN_SOURCE = "unknown source"
    SOURCE = "not from a resident"
    CANCELLED = "cancelled"
    MISSING_FACT = "a fact is missing"
    UNTEXTABLE = "no number that may be texted"
    NO_NUMBER = "no number to text"
    FORGOTTEN = "forgotten"
    """A latch, too: the number was deleted, by retention or because the person wanted it."""
    ALL_MET = "all rules met"


_NOT_KNOWN_YET = frozenset(
    {Rule.UNKNOWN_TYPE, Rule.UNKNOWN_PRIORITY, Rule.UNKNOWN_SOURCE, Rule.MISSING_FACT, Rule.NO_NUMBER, Rule.UNTEXTABLE}
)
# A call that was once too risky to text stays silent, even if its type or priority is changed back. An unknown code is
# not among them: it silences the call for as long as nobody knows what it means.
_FOR_EVER = frozenset({Rule.IN_PROGRESS, Rule.SAFETY_FLAG, Rule.SENSITIVE_TYPE, Rule.EXCLUDED_TYPE, Rule.PRIORITY})


class Decision(BaseModel):
    """Eligible or not, with the rule and the version of the policy that decided (R9)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    eligibility: Eligibility
    rule: str
    reason: str
    policy_version: str

    @property
    def is_eligible(self) -> bool:
        return self.eligibility is Eligibility.ELIGIBLE

    @property
    def may_change(self) -> bool:
        """It rests on something that nobody knows yet: a code, a fact, a number. Until then it silences as well."""
        return self.rule in _NOT_KNOWN_YET


def decide(facts: CallFacts, policy: Policy) -> Decision:
    """Apply the policy's rules in order, the most protective first.

    Excluding rules come before missing facts: a call that is known to be sensitive does not wait for its number.
    """
    rule, reason = _first_rule(facts, policy.eligibility)
    eligibility = {Rule.ALL_MET: Eligibility.ELIGIBLE, Rule.MISSING_FACT: Eligibility.UNDECIDED}.get(
        rule, Eligibility.INELIGIBLE
    )
    return Decision(eligibility=eligibility, rule=rule, reason=reason, policy_version=policy.version)


def latch_of(facts: CallFacts, policy: Policy) -> str | None:
    """The rule that silences the call for ever from now on, if one of these facts is reason for that (R1).

    Every rule is asked, not only the one that decides: an unknown type must not hide a priority that is too high.
    """
    rules = policy.eligibility
    spoken = (_risk(facts), _call_type(facts, rules), _priority(facts, rules))
    return next((found[0].value for found in spoken if found is not None and found[0] in _FOR_EVER), None)


def _first_rule(facts: CallFacts, rules: EligibilityRules) -> tuple[Rule, str]:
    return (
        _risk(facts)
        or _call_type(facts, rules)
        or _priority(facts, rules)
        or _source(facts, rules)
        or _latch(facts)
        or _cancelled(facts)
        or _missing(facts)
        or (Rule.ALL_MET, "the caller may be texted")
    )


def _risk(facts: CallFacts) -> tuple[Rule, str] | None:
    if facts.in_progress:
        return Rule.IN_PROGRESS, "the incident is in progress"
    if facts.safety_flag:
        return Rule.SAFETY_FLAG, "CAD carries a safety flag"
    return None


def _call_type(facts: CallFacts, rules: EligibilityRules) -> tuple[Rule, str] | None:
    if facts.call_type_code is None:
        return None
    group = _group(facts, rules)
    if group is None:
        return Rule.UNKNOWN_TYPE, f"the policy does not know the call type {facts.call_type_code!r}"
    if group.rule is TypeRule.SENSITIVE:
        return Rule.SENSITIVE_TYPE, group.reason
    if group.rule is TypeRule.EXCLUDED:
        return Rule.EXCLUDED_TYPE, group.reason
    return None


def _group(facts: CallFacts, rules: EligibilityRules) -> CallTypeGroup | None:
    return None if facts.call_type_group is None else rules.groups.get(facts.call_type_group)


def _priority(facts: CallFacts, rules: EligibilityRules) -> tuple[Rule, str] | None:
    if facts.priority_code is None:
        return None
    if facts.priority is None:
        return Rule.UNKNOWN_PRIORITY, f"the policy does not know the priority {facts.priority_code!r}"
    if facts.priority not in rules.priorities:
        return Rule.PRIORITY, f"priority {facts.priority}; texted are {', '.join(map(str, sorted(rules.priorities)))}"
    return None


def _source(facts: CallFacts, rules: EligibilityRules) -> tuple[Rule, str] | None:
    if facts.source_code is None:
        return None
    if facts.source is None:
        return Rule.UNKNOWN_SOURCE, f"the policy does not know the source {facts.source_code!r}"
    if facts.source not in rules.sources:
        return Rule.SOURCE, f"the call came from: {facts.source}"
    return None


def _latch(facts: CallFacts) -> tuple[Rule, str] | None:
    """Speaks where the present facts alone would no longer silence the call."""
    if facts.latch == Rule.FORGOTTEN:
        return Rule.FORGOTTEN, "its number was deleted for good"
    return None if facts.latch is None else (Rule.LATCH, f"the call was once: {facts.latch}")


def _cancelled(facts: CallFacts) -> tuple[Rule, str] | None:
    return None if facts.cancelled is None else (Rule.CANCELLED, f"CAD says: {facts.cancelled}")


def _missing(facts: CallFacts) -> tuple[Rule, str] | None:
    mandatory = {
        "the call type": facts.call_type_code,
        "the priority": facts.priority_code,
        "the source": facts.source_code,
        "the time of receipt": facts.received_at,
        "the case number": facts.case_number,
    }
    missing = [name for name, value in mandatory.items() if value is None]
    if facts.case_number is not None and not is_fit(facts.case_number):
        missing.append("a case number that can stand in a text")
    if missing:
        return Rule.MISSING_FACT, f"CAD has not told {', '.join(missing)}"
    if facts.untextable is not None:
        return Rule.UNTEXTABLE, f"the number is {facts.untextable}"
    if facts.recipient_version == 0:
        return Rule.NO_NUMBER, "CAD gives no number that can be texted"
    return None
