"""Renders the console's pages: one language, times on the agency's own clock, dark or light as each likes it."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

from babel.dates import format_date, format_datetime, format_skeleton
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from calls.clock import Clock
from calls.facts import Language
from policy.agency import Agency
from web.residents.pages import other, page_language
from web.staff.access.roles import Act, Member
from web.staff.access.sessions import SignedIn
from web.staff.console.words import words
from web.staff.standing import StandingNow

HERE: Final = Path(__file__).parent
LANGUAGE_COOKIE: Final = "console_language"
THEME_COOKIE: Final = "console_theme"
THEMES: Final = ("auto", "dark", "light")
_LOCALES: Final = {Language.ENGLISH: "en_CA", Language.FRENCH: "fr_CA"}

MENU: Final = (
    ("board", "/calls", Act.SEE_BOARD),
    ("history", "/texts", Act.SEE_HISTORY),
    ("numbers", "/numbers", Act.BLOCK_NUMBER),
    ("service", "/service", Act.SEE_SERVICE),
    ("comments", "/comments", Act.REVIEW_COMMENTS),
    ("shared", "/comments/shared", Act.SEE_SHARED_COMMENTS),
    ("members", "/members", Act.SEE_MEMBER_FEEDBACK),
    ("insights", "/insights", Act.SEE_INSIGHTS),
    ("issues", "/issues", Act.SEE_ISSUES),
    ("thresholds", "/thresholds", Act.SEE_THRESHOLDS),
    ("report", "/report", Act.SEE_REPORT),
    ("open_data", "/open-data", Act.SEE_OPEN_DATA),
    ("audit", "/audit", Act.SEE_AUDIT),
)
"""Word, address, and who sees it; `t["menu_" ~ word]`."""


class Pages:
    """The pages of one agency's console."""

    def __init__(self, agency: Agency, clock: Clock, standing: StandingNow) -> None:
        self._agency = agency
        self._clock = clock
        self._standing = standing
        self._zone = agency.policy.timetable.zone_info
        self._version = _version()
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["quoted"] = lambda text: quote(str(text), safe="")

    def page(
        self, request: Request, template: str, *, words_of: str, status: int = 200, **values: object
    ) -> HTMLResponse:
        """The page for whoever asks. Templates find their words in `t`, times with `when(…)` and `how_long(…)`."""
        language = language_of(request)
        seat: SignedIn | None = getattr(request.state, "seat", None)
        html = self._environment.get_template(template).render(
            t=words(words_of, language),
            language=language,
            other=other(language),
            theme=theme_of(request),
            agency=self._agency.identity.name[language],
            member=None if seat is None else seat.member,
            form_token="" if seat is None else seat.form_token,
            menu=() if seat is None else self._menu(seat.member),
            current=_current(request.url.path),
            may=lambda act: seat is not None and seat.member.may(Act(act)),
            standing=None if seat is None else self._standing.get(),
            here=request.url.path,
            back=quote(_here(request), safe=""),
            version=self._version,
            when=lambda moment: self.when(moment, language),
            month=lambda month: format_skeleton("yMMMM", date.fromisoformat(f"{month}-01"), locale=_LOCALES[language]),
            day=lambda date: format_date(date, "medium", locale=_LOCALES[language]),
            how_long=lambda duration: how_long(duration, words(words_of, language)),
            **values,
        )
        return HTMLResponse(html, status_code=status)

    def _menu(self, member: Member) -> list[tuple[str, str]]:
        """What somebody may see; what the agency's folder has switched off is not there for anybody."""
        is_off = set() if self._agency.survey.members_feedback else {"members"}
        return [(word, to) for word, to, act in MENU if member.may(act) and word not in is_off]

    def when(self, moment: datetime | None, language: Language) -> Markup:
        """A time on the agency's clock: the hour alone if it is of today (the service's), in a `<time>`."""
        if moment is None:
            return Markup("–")
        local = moment.astimezone(self._zone)
        locale = _LOCALES[language]
        if local.date() == self._clock.now().astimezone(self._zone).date():
            text = f"{local:%H:%M}"  # the same in both languages; a page may have hundreds
        else:
            text = format_datetime(local, "d MMM y HH:mm", locale=locale)
        iso = local.isoformat(timespec="seconds")
        return Markup(f'<time datetime="{iso}">{escape(text)}</time>')  # noqa: S704 - both are safe


def how_long(duration: timedelta, t: Mapping[str, str]) -> str:
    """`7 min`, `2 h 05`, `3 d 4 h`."""
    minutes = max(0, int(duration.total_seconds() // 60))
    hours, days = minutes // 60, minutes // 1440
    if minutes < 60:
        return t["minutes"].format(minutes=minutes)
    if days < 1:
        return t["hours"].format(hours=hours, minutes=f"{minutes % 60:02}")
    return t["days"].format(days=days, hours=hours % 24)


def _current(path: str) -> str:
    """The entry of the menu under which a page stands: the one that says most of its address."""
    return max((to for _, to, _ in MENU if path == to or path.startswith(f"{to}/")), key=len, default="")


def language_of(request: Request) -> Language:
    """What somebody chose, else the browser's."""
    accepted = request.headers.get("Accept-Language", "")
    return page_language(request.cookies.get(LANGUAGE_COOKIE), accept_language=accepted)


def theme_of(request: Request) -> str:
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "auto"


def _here(request: Request) -> str:
    """The page in hand, for coming back to it: of a posted one its address is none to ask for, and one that a provider
    led to holds a code that is spent."""
    if request.method != "GET" or request.url.path.startswith("/sign-in/"):
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _version() -> str:
    """Of the static files: their addresses change when they do."""
    files = sorted(path for path in (HERE / "static").iterdir() if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]
