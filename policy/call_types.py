"""Call types and their groups: `call_types.yaml` in the agency's folder."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from calls.policy import CallTypeGroup, TypeRule
from policy.yaml_file import ErrorAt


class GroupInFile(CallTypeGroup):
    """A group with the codes of CAD that belong to it. `*` at the end of a code: every code that starts so."""

    codes: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _relaxes_only_what_may_be_relaxed(self) -> Self:
        if self.relaxes is not None and self.rule is not TypeRule.ALLOWED:
            raise ErrorAt("stands only with `rule: allowed`", place=("relaxes",))
        missing = {"en", "fr"} - {language.value for language in self.label}
        if missing:
            raise ErrorAt(f"missing in: {', '.join(sorted(missing))}", place=("label",))
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
                first = seen.setdefault(_normal(code), name)
                if first != name or code in group.codes[:index]:
                    raise ErrorAt(f"the code {code!r} stands in {first} too", place=("groups", name, "codes", index))
        return self

    def group_of(self, code: str) -> str | None:
        """The group of a call type: the exact code first, then the longest pattern; `None` where it is unknown."""
        wanted = _normal(code)
        best: tuple[int, str] | None = None
        for name, group in self.groups.items():
            for pattern in map(_normal, group.codes):
                if pattern == wanted:
                    return name
                stem = pattern.removesuffix("*")
                if stem != pattern and wanted.startswith(stem) and (best is None or len(stem) > best[0]):
                    best = (len(stem), name)
        return None if best is None else best[1]


def _normal(code: str) -> str:
    return " ".join(code.upper().split())
