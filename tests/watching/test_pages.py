"""How long pages take, told by few labels: a path, and who asked for it, never gets into a metric."""

import requests
from fastapi import FastAPI, HTTPException
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY, generate_latest
from starlette.routing import Route
from starlette.types import Scope

from tests.serving import serving
from watching.pages import labels, watch_pages
from watching.readiness import Readiness

TEMPLATES = ["/s/{token}", "/thank-you", "/calls/{call_id}", "/twilio/status", "/"]


async def _nothing(_: object) -> None: ...


@given(
    st.sampled_from([*TEMPLATES, None]),
    st.text(),
    st.text(max_size=8) | st.sampled_from(["GET", "POST", "HEAD"]),
    st.integers(100, 599),
)
def test_r3_whatever_is_asked_for_the_labels_are_templates_and_few(
    template: str | None, path: str, method: str, status: int
) -> None:
    scope: Scope = {"type": "http", "path": f"/{path}", "method": method}
    if template is not None:
        scope["route"] = Route(template, _nothing)
    route, said, answer = labels(scope, status)
    assert route in {*TEMPLATES, "survey", "static", "none"}
    assert said in {"GET", "POST", "HEAD", "other", "any"}
    assert answer in {"1xx", "2xx", "3xx", "4xx", "5xx", "other"}


def test_r7_of_the_surveys_pages_nobody_learns_which_was_sent_when() -> None:
    told = {
        labels({"type": "http", "path": "/s/x", "method": method, "route": Route(path, _nothing)}, status)
        for path in ("/s/{token}", "/thank-you")
        for method in ("GET", "POST")
        for status in (200, 303, 404)
    }
    assert told == {("survey", "any", "other")}


def _app() -> FastAPI:
    app = FastAPI()

    @app.get("/calls/{call_id}")
    def one(call_id: str) -> str:
        if call_id == "broken":
            raise RuntimeError
        if call_id == "gone":
            raise HTTPException(404)
        return call_id

    watch_pages(app, Readiness({}))
    return app


def test_a_site_counts_each_answer_by_its_route_and_not_its_health() -> None:
    with serving(_app()) as address:
        for path in ("calls/613-555-0142", "calls/gone", "calls/broken", "nowhere/613-555-0142", "livez", "readyz"):
            requests.get(f"{address}/{path}", timeout=5)
    counted = {
        (sample.labels["route"], sample.labels["answer"])
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "communityconnect_http_seconds_count" and sample.value
    }
    assert {("/calls/{call_id}", "2xx"), ("/calls/{call_id}", "4xx"), ("/calls/{call_id}", "5xx")} <= counted
    assert ("none", "4xx") in counted
    assert not {route for route, _ in counted if "z" in route}
    assert "0142" not in generate_latest(REGISTRY).decode()
