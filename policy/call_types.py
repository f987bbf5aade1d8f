"""Call types and their groups: `call_types.yaml` in the agency's folder."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from calls.policy import CallTypeGroup, TypeRule


class GroupInFile(CallTypeGroup):
    """A group with the codes of CAD that belong to it. `*` at the end of a code: every code that starts so."""

    codes: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _relaxes_only_what_may_be_relaxed(self) -> Self:
        if self.relaxes is not None and self.rule is not TypeRule.ALLOWED:
            raise ValueError("`relaxes` stands only with `rule: allowed`")
        missing = {"en", "fr"} - {language.value for language in self.label}
        if missing:
            raise ValueError(f"the label is missing in: {', '.join(sorted(missing))}")
        return self


class CallTypes(BaseModel):
    """All groups of an agency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: dict[str, GroupInFile]

    @model_validator(mode="after")
    def _each_code_once(self) -> Self:
        seen: dict[str, str] = {}
        for name, group in self.groups.items():
            for code in group.codes:
                if _normal(code) in seen:
                    raise ValueError(f"the code {code!r} stands in {seen[_normal(code)]} and in {name}")
                seen[_normal(code)] = name
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
