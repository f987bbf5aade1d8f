"""Renders the residents' pages: one template, one language or both, small and without scripts."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import HTTPConnection

from calls.facts import Language
from web.residents.agency import ResidentAgency
from web.residents.locales import words
from web.serving.forms import Form

HERE: Final = Path(__file__).parent
_NUMBER: Final = re.compile(r"\d+(?:-\d+)+")
_FROM_THE_RIGHT: Final = frozenset({"ar", "fa", "he", "ps", "ur"})
_STYLE_VERSION: Final = hashlib.sha256((HERE / "static" / "residents.css").read_bytes()).hexdigest()[:8]


class Pages:
    """The pages of one agency."""

    def __init__(self, agency: ResidentAgency) -> None:
        self._agency = agency
        self._words = {
            language: {key: whole_numbers(_filled(text, agency.lines)) for key, text in words(language).items()}
            for language in Language
        }
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._environment.filters["whole_numbers"] = whole_numbers

    def page(self, template: str, language: Language, *, status: int = 200, **values: object) -> HTMLResponse:
        """The page in one language. Templates find their words in `t`."""
        html = self._environment.get_template(template).render(
            t=self._words[language],
            language=language,
            direction=direction(language),
            other=other(language),
            agency=self._agency.names[language],
            emergency_number=re.sub(r"\D", "", self._agency.emergency_line),
            style_version=_STYLE_VERSION,
            **values,
        )
        return HTMLResponse(html, status_code=status)

    def message(
        self, reason: str, *, status: int, first: Language = Language.ENGLISH, again: Form | None = None
    ) -> HTMLResponse:
        """A short message in both languages: `reason` and `reason`_title are its words. `again`: what was posted, to be
        posted once more by a button."""
        fields = [] if again is None else again.multi_items()
        return self.page("message.html", first, status=status, reason=reason, again=fields, parts=self._both(first))

    def urgent(
        self,
        first: Language,
        *,
        title: str = "thanks_title",
        and_then: str = "urgent_today",
        go_on: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        """Said at once where what was written sounds urgent: nobody is reading it now, and what becomes of it.

        `title` and `and_then` are keys of words; `go_on` is where the survey goes on, if it is not sent yet.
        """
        shown = {"title": title, "and_then": and_then, "go_on": go_on}
        return self.page("urgent.html", first, status=status, parts=self._both(first), **shown)

    def _both(self, first: Language) -> list[tuple[Language, Mapping[str, Markup]]]:
        """The words of both languages, one before the other."""
        return [(language, self._words[language]) for language in (first, other(first))]


def whole_numbers(text: str) -> Markup:
    """The text as HTML in which no line ends within a number such as 9-1-1."""
    return Markup(_NUMBER.sub(r'<span class="whole">\g<0></span>', str(escape(text))))  # noqa: S704 - escaped just now


def direction(language: str) -> str:
    """How a language is written: `ltr` or `rtl`. For languages to come; those of today are written from the left."""
    return "rtl" if language in _FROM_THE_RIGHT else "ltr"


def other(language: Language) -> Language:
    """The other of the two languages."""
    return Language.ENGLISH if language is Language.FRENCH else Language.FRENCH


def page_language(*wishes: str | None, accept_language: str = "") -> Language:
    """The first of the wishes that is a language of ours, else the browser's, else English."""
    for wish in wishes:
        if wish in set(Language):
            return Language(wish)
    return next(iter(_accepted(accept_language)), Language.ENGLISH)


def language_of(request: HTTPConnection) -> Language:
    """For answers that know of whoever asks no more than the request says."""
    accepted = request.headers.get("Accept-Language", "")
    return page_language(request.query_params.get("lang"), accept_language=accepted)


def _accepted(header: str) -> Sequence[Language]:
    """The languages of an Accept-Language header that we have, the most wanted first."""
    wanted: list[tuple[float, Language]] = []
    for part in header[:500].split(","):
        tag, _, quality = part.partition(";q=")
        primary = tag.strip().lower().split("-")[0]
        if primary in set(Language):
            wanted.append((_number(quality), Language(primary)))
    return [language for quality, language in sorted(wanted, key=lambda pair: -pair[0]) if quality > 0]


def _number(quality: str) -> float:
    try:
        return float(quality or 1)
    except ValueError:
        return 0.0


def _filled(text: str, fields: Mapping[str, str]) -> str:
    for name, value in fields.items():
        text = text.replace(f"{{{name}}}", value)
    return text
