"""What stands on record in English, in the language of whoever reads it: rules, reasons, ends, the carrier's codes.

What is on record and not listed here is shown as it stands there.
"""

import re
from collections.abc import Mapping
from typing import Final

from calls.facts import Language
from web.staff.console.words import words

LEDGER: Final = "ledger"
_NOT_A_LETTER: Final = re.compile(r"[^a-z]+")
_REASONS: Final = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"silent: (?P<rule>.+)", "reason_silent"),
        (r"never texted: (?P<rule>.+)", "reason_never_texted"),
        (r"held by staff", "reason_held"),
        (r"held by staff until it was over", "reason_held_to_the_end"),
        (r"CAD never cleared the call", "reason_never_cleared"),
        (r"the number cannot be texted: until it is corrected", "reason_until_corrected"),
        (r"the confirmation was not sent: (?P<state>\w+)", "reason_not_confirmed"),
        (r"cleared before the confirmation", "reason_cleared_before"),
        (r"an officer has the call: until it is cleared", "reason_dispatched"),
        (r"no further delay notice: until an officer has the call", "reason_no_further_notice"),
        (r"confirmation due", "reason_confirmation_due"),
        (r"delay notice (?P<number>\d+) due", "reason_delay_due"),
        (r"survey due", "reason_survey_due"),
        (r"the survey was offered", "reason_survey_offered"),
        (r"cleared at an unknown time: no survey", "reason_unknown_time"),
        (r"cleared; no survey: (?P<why>.+)", "reason_no_survey"),
        (r"overdue: (?P<text>.+)", "trouble_overdue"),
        (r"Temporal does not know its workflow", "trouble_missing"),
        (r"Temporal has not been told of its last change", "trouble_not_taken"),
        (r"(?P<how>terminated|canceled|failed|timed_out|completed)( in Temporal)?", "ended_in_temporal"),
        (r"ended, and forgotten by Temporal", "ended_forgotten"),
    )
)


class InWords:
    """For one reader. In a template: `{{ say.rule(text.rule) }}`."""

    def __init__(self, language: Language) -> None:
        self._words = words(LEDGER, language)

    def rule(self, rule: str | None) -> str:
        """A rule of the policy, or of a send."""
        return self._named("rule", rule)

    def keyword(self, keyword: str) -> str:
        """What a reply asks for."""
        return self._named("keyword", keyword)

    def error(self, code: int | None) -> str:
        """The carrier's code, with the code."""
        if code is None:
            return self._words["error_none"]
        return f"{self._words.get(f'error_{code}', self._words['error_other'])} ({code})"

    def reason(self, reason: str | None) -> str:
        """Why a call waits, ended, or needs somebody."""
        for pattern, key in _REASONS:
            found = pattern.fullmatch(reason or "")
            if found is not None:
                return self._words[key].format_map(self._parts(found.groupdict()))
        return reason or ""

    def scope(self, scope: str, groups: Mapping[str, str]) -> str:
        """What is switched off. `groups`: the labels of the types of calls."""
        what, _, which = scope.partition(":")
        name = groups.get(which, which) if what == "type" else self._words.get(f"kind_{which}", which)
        return self._words.get(f"scope_{what}", scope).format(which=name)

    def _parts(self, parts: Mapping[str, str]) -> dict[str, str]:
        """The parts of a reason in words, too."""
        return {name: self._part(name, part) for name, part in parts.items()}

    def _part(self, name: str, part: str) -> str:
        match name:
            case "rule":
                return self.rule(part)
            case "why":
                return self._why_no_survey(part)
            case "text":
                return self._text(part)
            case _:
                return self._words.get(f"{name}_{part}", part)

    def _why_no_survey(self, why: str) -> str:
        unknown = re.fullmatch(r"the policy does not know the disposition (?P<code>.+)", why)
        if unknown is not None:
            return self._words["no_survey_unknown"].format(code=unknown["code"].strip("'\""))
        return self._named("no_survey", why)

    def _text(self, title: str) -> str:
        number = re.fullmatch(r"delay notice (\d+)", title)
        kind = "delay" if number else "survey" if title == "survey link" else title
        name = self._words.get(f"kind_{kind}", title)
        return f"{name} {number[1]}" if number else name

    def _named(self, of: str, name: str | None) -> str:
        key = _NOT_A_LETTER.sub("_", (name or "").lower())
        return self._words.get(f"{of}_{key}", name or "–")
