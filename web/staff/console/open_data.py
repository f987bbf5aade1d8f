"""Open data: what was prepared, what it could tell, and a person's decision. Nothing is public before."""

from collections.abc import Mapping
from typing import Annotated, Final

from babel.numbers import format_decimal
from fastapi import APIRouter, HTTPException, Path, Request, Response
from fastapi.responses import RedirectResponse

from database.open_data import BundleState
from web.public.app import media_type
from web.public.saying import Saying, months
from web.serving.forms import form_of
from web.staff.access.roles import Act, Member
from web.staff.console.guard import needs
from web.staff.console.pages import language_of
from web.staff.console.parts import Console
from web.staff.open_data.bundles import Bundle, Bundles, MeanwhileDecided, NotSafe
from web.staff.open_data.preview import Previews
from web.staff.open_data.publishing import NotApproved, PublishingError, publish
from web.staff.open_data.report import report_of

_Name = Annotated[str, Path(max_length=20)]
_SAID: Final = ("approved", "declined", "published")
_SAID_OF: Final = {"approve": "approved", "decline": "declined"}
_MOST: Final = 300


class _OpenData:
    """What the pages of this module share."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bundles = Bundles(console.engine, console.agency.key)
        self.previews = Previews(self.bundles, console.agency)

    def found(self, name: str) -> Bundle:
        """By its name, `2026-q3-v1`."""
        period, _, version = name.rpartition("-v")
        if not (version.isascii() and version.isdigit() and len(version) < 5):
            raise HTTPException(404)
        bundle = self.bundles.one(period, int(version))
        if bundle is None or bundle.name != name:
            raise HTTPException(404)
        return bundle

    def decide(self, bundle: Bundle, decision: str, *, by: str, why: str) -> str:
        """The key of a word that says what is wrong; empty: it is decided."""
        if not why or len(why) > _MOST:
            return "long_reason" if why else "no_reason"
        try:
            if decision == "approve":
                self.bundles.approve(bundle, by=by, why=why)
            else:
                self.bundles.decline(bundle, by=by, why=why)
        except MeanwhileDecided:
            return "meanwhile"
        except NotSafe:
            return "not_safe"
        return ""

    def page(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        language = language_of(request)
        saying = Saying(language, self.console.agency.policy.timetable.zone_info)
        return self.console.pages.page(
            request,
            template,
            words_of="open_data",
            status=status,
            quarter=lambda bundle: months(bundle.period_start, bundle.period_end, language),
            number=lambda value: format_decimal(round(value, 1), "#,##0.#", locale=f"{language.value}_CA"),
            size=saying.size,
            table_name=saying.file,
            states=BundleState,
            in_language=lambda said: said[language.value],
            **values,
        )

    def one(self, request: Request, bundle: Bundle, *, status: int = 200, said: str = "", error: str = "") -> Response:
        return self.page(
            request,
            "open_data_one.html",
            status=status,
            bundle=bundle,
            report=report_of(bundle.report),
            said=said,
            error=error,
            why=_given(request).get("why", "") if error else "",
            most=_MOST,
            may_publish_from_here=self.console.open_data is not None,
            language_folder=language_of(request).value,
        )


def open_data_routes(console: Console) -> APIRouter:
    """The list, one bundle, and the public pages as they would be with it."""
    router = APIRouter()
    all_ = _OpenData(console)

    @router.get("/open-data")
    def open_data(request: Request, _: Annotated[Member, needs(Act.SEE_OPEN_DATA)]) -> Response:
        return all_.page(request, "open_data.html", bundles=all_.bundles.all())

    @router.get("/open-data/{name}")
    def one(request: Request, _: Annotated[Member, needs(Act.SEE_OPEN_DATA)], name: _Name, said: str = "") -> Response:
        return all_.one(request, all_.found(name), said=said if said in _SAID else "")

    @router.get("/open-data/{name}/preview/{address:path}")
    def preview(_: Annotated[Member, needs(Act.SEE_OPEN_DATA)], name: _Name, address: str) -> Response:
        body = all_.previews.of(all_.found(name)).file(address)
        if body is None:
            raise HTTPException(404)
        return Response(body, media_type=media_type(address))

    return router


def decision_routes(console: Console) -> APIRouter:
    """Approve, decline, publish: each by a person whose name is kept."""
    router = APIRouter()
    all_ = _OpenData(console)

    @router.post("/open-data/{name}/decision")
    def decide(request: Request, member: Annotated[Member, needs(Act.DECIDE_OPEN_DATA)], name: _Name) -> Response:
        given = _given(request)
        decision, why = given.get("decision", ""), given.get("why", "").strip()
        if decision not in _SAID_OF:
            raise HTTPException(400)
        error = all_.decide(all_.found(name), decision, by=member.name, why=why)
        if error:
            status = 400 if error.endswith("reason") else 409
            return all_.one(request, all_.found(name), status=status, error=error)
        return RedirectResponse(f"/open-data/{name}?said={_SAID_OF[decision]}", 303)

    @router.post("/open-data/{name}/publish")
    def publish_it(request: Request, member: Annotated[Member, needs(Act.PUBLISH_OPEN_DATA)], name: _Name) -> Response:
        bundle = all_.found(name)
        if console.open_data is None:
            return all_.one(request, bundle, status=409, error="no_folder")
        try:
            publish(console.engine, bundle, root=console.open_data, by=member.name)
        except NotApproved:
            return all_.one(request, all_.found(name), status=409, error="not_approved")
        except PublishingError:
            return all_.one(request, bundle, status=503, error="not_published")
        return RedirectResponse(f"/open-data/{name}?said=published", 303)

    return router


def _given(request: Request) -> Mapping[str, str]:
    return form_of(request.scope) or {}
