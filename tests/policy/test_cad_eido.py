"""`eido` in `cad.yaml`: what it may say, and what is said of it."""

from pathlib import Path

import pytest

from policy.agency import Agency
from policy.cad_mapping import CadMapping
from policy.check_cad import check_cad
from policy.findings import Findings
from policy.yaml_file import AgencyError, read_yaml
from tests.conftest import AGENCIES

CAD = (AGENCIES / "ottawa" / "cad.yaml").read_text(encoding="utf-8")


def mapping(tmp_path: Path, eido: str) -> CadMapping:
    path = tmp_path / "cad.yaml"
    path.write_text(f"{CAD}\neido: {eido}\n", encoding="utf-8")
    return read_yaml(path, CadMapping)


@pytest.mark.parametrize(
    ("eido", "problem"),
    [
        ("{}", "eido.agencies: this key is missing"),
        ("{agencies: []}", "eido.agencies: nothing is listed here; at least 1 has to be"),
        ("{agencies: [a], cad_id: number}", "eido.cad_id: 'number' is not known here; allowed are: "),
        ("{agencies: [a], sources: {caller: phone}}", "'caller' is not known here; allowed are: "),
        ("{agencies: [a], common_priorities: {'11': '1'}}", "'11' is no common priority; they are 0 to 10"),
        ("{agencies: [a], statuses: {DONE: closed}}", "'closed' is not known here; allowed are: "),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(tmp_path: Path, eido: str, problem: str) -> None:
    with pytest.raises(AgencyError) as error:
        mapping(tmp_path, eido)
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("eido", "warnings"),
    [
        ("{agencies: [a], sources: {call: phone}, common_priorities: {'10': '1'}}", []),
        ("{agencies: [a]}", ["call is read as 'call'"]),
        ("{agencies: [a], sources: {call: phone, alarm: siren}}", ["alarm is read as 'siren'"]),
        ("{agencies: [a], sources: {call: phone}, common_priorities: {'3': low}}", ["is read as 'low'"]),
    ],
)
def test_a_code_that_nobody_listed_is_warned_of(tmp_path: Path, ottawa: Agency, eido: str, warnings: list[str]) -> None:
    findings = Findings(folder=tmp_path)
    check_cad(ottawa.model_copy(update={"cad": mapping(tmp_path, eido)}), findings)
    said = [str(finding) for finding in findings.found if ": eido." in str(finding)]
    assert len(said) == len(warnings)
    assert all(warning in line for warning, line in zip(warnings, said, strict=True))
