"""Call types and their groups: `call_types.yaml` in the agency's folder."""

import re
from functools import lru_cache
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from calls.policy import CallTypeGroup, TypeRule
from policy.yaml_file import ErrorAt


class GroupInFile(CallTypeGroup):
    """A group with the codes of CAD that belong to it. `*` in a code: any signs at that place."""

    codes: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _relaxes_only_what_may_be_relaxed(self) -> Self:
        if self.relaxes is not None and self.rule is not TypeRule.ALLOWED:
            raise ErrorAt("stands only with `rule: allowed`", place=("relaxes",))
        missing = {"en", "fr"} - {language.value for language in self.label}
        if missing:
            raise ErrorAt(f"is missing in {', '.join(sorted(missing))}; en and fr are needed", place=("label",))
        return self


class CallTypes(BaseModel):
    """All groups of an agency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: dict[str, GroupInFile]

    @model_validator(mode="after")
    def _each_code_once(self) -> Self:
        seen: dict[str, str] = {}
        for name, group in self.groups.items():
            for index, code in enumerate(group.codes):
                first = seen.setdefault(normal(code), name)
                if first != name or code in group.codes[:index]:
                    raise ErrorAt(
                        f"the code {code!r} stands in {first} too; each stands in one group, once",
                        place=("groups", name, "codes", index),
                    )
        return self

    def group_of(self, code: str) -> str | None:
        """The group of a call type; `None` where it is unknown.

        A code that is written out decides; else, of all patterns that fit, the one whose group silences most (R1), and
        among those the longest.
        """
        wanted = normal(code)
        fitting: list[tuple[int, int, str]] = []
        for name, group in self.groups.items():
            for pattern in map(normal, group.codes):
                if pattern == wanted:
                    return name
                if "*" in pattern and fits(wanted, pattern):
                    fitting.append((SILENCE.index(group.rule), len(pattern), name))
        return max(fitting)[2] if fitting else None


SILENCE: Final = (TypeRule.ALLOWED, TypeRule.EXCLUDED, TypeRule.SENSITIVE)
"""From the one that lets texts through to the one that silences most."""
_REMEMBERED: Final = (
    4096  # a large city has some 500 codes; without it a month of its calls takes half a minute to read
)


def fits(code: str, pattern: str) -> bool:
    """`*` in the pattern: any signs at that place. Both are `normal`."""
    return _expression(pattern).fullmatch(code) is not None


@lru_cache(maxsize=_REMEMBERED)
def normal(code: str) -> str:
    """The code as it is compared: capitals, one space between words."""
    return " ".join(code.upper().split())


@lru_cache(maxsize=_REMEMBERED)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))))
