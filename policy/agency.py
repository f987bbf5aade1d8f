"""An agency's folder: everything that one police service decides, as one checked value."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from calls.facts import CallFacts, Language, Source
from calls.lengths import Span
from calls.policy import (
    CallTypeGroup,
    EligibilityRules,
    InsightRules,
    NumberRules,
    Policy,
    TextRules,
    Timetable,
    TypeRule,
)
from calls.retention import Retention
from policy.areas import FILE as AREAS_FILE
from policy.areas import Areas
from policy.boundaries import BOUNDARIES, read_boundaries
from policy.cad_mapping import CadMapping
from policy.call_types import CallTypes
from policy.open_data import OpenData, areas_of
from policy.wording_file import read_wording
from policy.yaml_file import AgencyError, ErrorAt, line_of, read_text, read_yaml
from survey.questions import Survey
from texts.wording import CODED, Wording


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SegmentPrice(_File):
    """What one segment of a text costs, for the simulation's report: an assumption, the carrier's contract decides."""

    amount: Decimal = Field(ge=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class Identity(_File):
    """`agency.yaml`: who the service is, and how residents reach it."""

    key: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    demonstration: bool = False
    name: dict[Language, str]
    sender: str = Field(pattern=r"^\+1\d{10}$")
    emergency_line: str
    non_emergency_line: str
    segments_per_second: float = Field(default=1, ge=0.1, le=1000)
    """What the carrier sends from this number: a long code 1, a verified toll-free number 3, a short code 100."""
    segment_price: SegmentPrice | None = None
    monthly_budget: Decimal | None = Field(default=None, gt=0)
    """For the texts of a calendar month, in the currency of `segment_price`."""

    @property
    def lines(self) -> dict[str, str]:
        """The numbers to call, as fields of a text."""
        return {"emergency_line": self.emergency_line, "non_emergency_line": self.non_emergency_line}

    @model_validator(mode="after")
    def _a_budget_in_some_currency(self) -> Self:
        if self.monthly_budget is not None and self.segment_price is None:
            raise ErrorAt(
                "needs segment_price: without a price nobody knows what texts cost", place=("monthly_budget",)
            )
        return self

    @model_validator(mode="after")
    def _both_languages(self) -> Self:
        missing = set(Language) - set(self.name)
        if missing:
            raise ErrorAt(f"is missing in {', '.join(sorted(missing))}; en and fr are needed", place=("name",))
        return self


class IssueRules(_File):
    """From when on it is told that a neighbourhood has more calls than was to be expected: to staff, in the console."""

    likelihood: float = Field(default=0.001, ge=1e-9, le=0.05)
    """Told is what is less likely than that, if nothing has changed."""
    at_least: int = Field(default=5, ge=5)
    """And has so many events in the week."""


class PolicyFile(_File):
    """`policy.yaml`: who is texted, and when."""

    priorities: frozenset[int]
    sources: frozenset[Source]
    timetable: Timetable
    numbers: NumberRules
    retention: Retention
    texts: TextRules
    insights: InsightRules = InsightRules()
    undecided_for: Span
    issues: IssueRules = IssueRules()

    @model_validator(mode="after")
    def _a_threshold_for_each_priority(self) -> Self:
        missing = sorted(self.priorities - set(self.timetable.delay.first_after))
        if missing:
            raise ErrorAt(
                f"priority {missing[0]} is texted and has no threshold here",
                place=("timetable", "delay", "first_after"),
            )
        return self


class Rules(_File):
    """Who is texted, by one version of the folder: kept beside the calls that started with it."""

    policy: Policy
    call_types: CallTypes

    def reread(self, facts: CallFacts) -> CallFacts:
        """The facts as this version of the folder reads the call's type: it may have moved to another group since."""
        return _reread(facts, self.call_types)


class Agency(_File):
    """One police service. `version` changes with any file of its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    version: str
    identity: Identity
    policy: Policy
    call_types: CallTypes
    cad: CadMapping
    wording: Wording
    survey: Survey
    insights: InsightRules = InsightRules()
    """No part of `policy`: it decides nothing about a text, and travels with no call."""
    issues: IssueRules = IssueRules()
    open_data: OpenData | None = None
    boundaries: Path | None = None
    """Where the areas' boundaries stand (`policy.boundaries.read_boundaries`): megabytes, which few processes need."""
    areas: Areas | None = None

    @property
    def key(self) -> str:
        return self.identity.key

    @property
    def rules(self) -> Rules:
        return Rules(policy=self.policy, call_types=self.call_types)

    def reread(self, facts: CallFacts) -> CallFacts:
        """As `Rules.reread`."""
        return _reread(facts, self.call_types)


def _reread(facts: CallFacts, call_types: CallTypes) -> CallFacts:
    if facts.call_type_code is None:
        return facts
    return facts.model_copy(update={"call_type_group": call_types.group_of(facts.call_type_code) or ""})


FILES: Final[Mapping[str, type[BaseModel]]] = {
    "agency.yaml": Identity,
    "policy.yaml": PolicyFile,
    "call_types.yaml": CallTypes,
    "cad.yaml": CadMapping,
    "survey.yaml": Survey,
    AREAS_FILE: Areas,
    "open_data.yaml": OpenData,
}
"""The YAML files of a folder, and what each is read as. The texts stand in `texts/`, one catalogue a language."""
OPTIONAL: Final = frozenset({AREAS_FILE, "open_data.yaml"})
"""Files that a folder may lack."""


def load_agency(folder: Path) -> Agency:
    """The agency's folder, checked.

    Raises:
        AgencyError: one line that names the file, what is wrong and, where a line is to blame, which.
    """
    if not folder.is_dir():
        here = "" if folder.is_absolute() else f" in {Path.cwd()}"
        raise AgencyError(
            f"{folder}: there is no such folder{here}; an agency's folder is, for example, agencies/ottawa"
        )
    version = _version(folder)
    identity = read_yaml(folder / "agency.yaml", Identity)
    who_and_when = read_yaml(folder / "policy.yaml", PolicyFile)
    call_types = read_yaml(folder / "call_types.yaml", CallTypes)
    _demonstrations_only(folder, identity, call_types)
    texted = [name for name, group in call_types.groups.items() if group.rule is TypeRule.ALLOWED]
    wording = read_wording(folder, groups=texted)
    _codes_or_none(folder, who_and_when, wording)
    areas = read_yaml(folder / AREAS_FILE, Areas) if (folder / AREAS_FILE).exists() else None
    open_data = _open_data(folder, areas)
    return Agency(
        version=version,
        identity=identity,
        policy=Policy(
            version=version,
            timetable=who_and_when.timetable,
            numbers=who_and_when.numbers,
            retention=who_and_when.retention,
            texts=who_and_when.texts,
            undecided_for=who_and_when.undecided_for,
            eligibility=EligibilityRules(
                priorities=who_and_when.priorities,
                sources=who_and_when.sources,
                groups={
                    name: CallTypeGroup.model_validate(group.model_dump(exclude={"codes"}))
                    for name, group in call_types.groups.items()
                },
            ),
        ),
        call_types=call_types,
        cad=read_yaml(folder / "cad.yaml", CadMapping),
        wording=wording,
        survey=read_yaml(folder / "survey.yaml", Survey),
        insights=who_and_when.insights,
        issues=who_and_when.issues,
        open_data=open_data,
        boundaries=_boundaries(folder, open_data),
        areas=areas,
    )


def _open_data(folder: Path, areas: Areas | None) -> OpenData | None:
    """Without a map of its own it has that of `areas.yaml`."""
    path = folder / "open_data.yaml"
    if not path.exists():
        return None
    given = read_yaml(path, OpenData)
    if given.areas is not None or areas is None:
        return given
    try:
        return given.model_copy(update={"areas": areas_of(areas)})
    except ValidationError:
        raise AgencyError(
            f"{path}: an area's code in areas.yaml cannot be published as it is; list areas here"
        ) from None


def _boundaries(folder: Path, open_data: OpenData | None) -> Path | None:
    path = folder / BOUNDARIES
    if not path.exists():
        return None
    if open_data is not None and open_data.areas is not None:
        read_boundaries(path, open_data.areas)
    return path


def _demonstrations_only(folder: Path, identity: Identity, call_types: CallTypes) -> None:
    relaxed = [name for name, group in call_types.groups.items() if group.relaxes is not None]
    if relaxed and not identity.demonstration:
        path, place = folder / "call_types.yaml", ("groups", relaxed[0], "relaxes")
        raise AgencyError(
            f"{path} line {line_of(path, place)}: {'.'.join(place)}: for demonstrations only, and agency.yaml says no"
        )


def _codes_or_none(folder: Path, file: PolicyFile, wording: Wording) -> None:
    """A code stands in every text about a call, or in none."""
    path, place, asks = folder / "policy.yaml", ("texts", "code"), wording.with_code()
    if file.texts.code:
        wrong, what = [piece for piece in CODED if piece not in asks], "it is true, and {code} stands not in"
    else:
        wrong, what = asks, "it is false, and {code} stands in"
    if wrong:
        texts = f"{', '.join(wrong)} ({', '.join(f'texts/{language}.po' for language in Language)})"
        raise AgencyError(f"{path} line {line_of(path, place)}: {'.'.join(place)}: {what} {texts}")


def _version(folder: Path) -> str:
    """Ten hexadecimal digits over the names and contents of the folder's own files (R9)."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("[!.]*.yaml"), *folder.glob("texts/[!.]*.po")]):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + read_text(path).encode() + b"\0")
    return f"{folder.resolve().name}-{digest.hexdigest()[:10]}"
