"""Figures as files: who took which is written down, as of texts."""

import pytest

from tests.console.served import Served
from web.staff.access.roles import Act, Role


@pytest.mark.parametrize(
    ("path", "act", "about", "detail"),
    [
        (
            "/insights.csv?from=2026-W02&language=fr&area=613-555-0142&nonsense=x",
            Act.EXPORT_INSIGHTS,
            "insights",
            {"from": "2026-W02", "question": "Q1", "language": "fr", "area": "[number]"},
        ),
        ("/insights/reach.csv?month=nonsense", Act.EXPORT_INSIGHTS, "reach", {}),
        ("/insights/topics.csv", Act.EXPORT_INSIGHTS, "topics", {}),
        ("/report/2026-01.csv", Act.EXPORT_REPORT, "2026-01", {}),
    ],
)
def test_the_audit_log_has_who_took_which_figures(
    site: Served, path: str, act: Act, about: str, detail: dict[str, str]
) -> None:
    analyst = site.staff(Role.ANALYST)
    assert analyst.get(path).status_code == 200
    entry = site.audit()[-1]
    assert (entry.name, entry.act, entry.outcome, entry.about) == ("Demo analyst", act, "allowed", about)
    assert entry.detail.keys() == detail.keys()
    assert "613" not in str(entry.detail)
    assert {name: entry.detail[name] for name in detail if name != "area"} == {
        name: value for name, value in detail.items() if name != "area"
    }
    assert f"Exported {'insights' if act is Act.EXPORT_INSIGHTS else 'a monthly report'}" in (
        site.staff(Role.SUPERVISOR).get(f"/audit?act={act}").text
    )


@pytest.mark.parametrize(
    "path", ["/insights.csv", "/insights/reach.csv", "/insights/topics.csv", "/report/2026-01.csv"]
)
def test_who_may_not_export_is_refused_and_that_is_written_down(site: Served, path: str) -> None:
    assert site.staff(Role.OPERATOR).get(path).status_code == 403
    assert site.audit()[-1].outcome == "refused"
