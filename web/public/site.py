"""The portal as files: which there are, and what stands in each. Made of published bundles, and of nothing else.

Addresses are relative and end in a file's name, so the site works under any path, and from a disk.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from calls.facts import Language
from policy.agency import Agency
from web.public.bundles import Bundle
from web.public.pages import HERE, Pages
from web.public.quarter import Quarter, quarters_of
from web.public.tables import Area

_Make = Callable[[], bytes]
_STATIC: Final = ("portal.css", "icon.svg")
_FOR_MACHINES: Final = ("data.json", "catalog.jsonld")
"""Those of the newest bundle have an address that stays."""
HOME: Final = "index.html"
_PAGES: Final = {
    HOME: "home.html",
    "downloads.html": "downloads.html",
    "method.html": "method.html",
    "accessibility.html": "accessibility.html",
}


class Site:
    """All files of a site, each made when it is asked for. `bundles`: the latest period and version first.
    `unpublished`: the period of a bundle that a person looks at before it is public; every page says so."""

    def __init__(self, bundles: Sequence[Bundle], agency: Agency, *, unpublished: str = "") -> None:
        self._bundles = bundles
        self._quarters = quarters_of(bundles)
        self._pages = Pages(agency, self._quarters, unpublished=unpublished)
        self._files: Mapping[str, _Make] = dict(self._all_files())

    @property
    def addresses(self) -> Sequence[str]:
        return list(self._files)

    def file(self, address: str) -> bytes | None:
        """What stands at an address; `None`: nothing does.

        Raises:
            BundleError: a bundle is damaged.
        """
        make = self._files.get(address)
        return None if make is None else make()

    def _all_files(self) -> Iterator[tuple[str, _Make]]:
        for name in _STATIC:
            yield name, (HERE / "static" / name).read_bytes
        yield HOME, partial(self._pages.page, "choose.html", HOME, Language.ENGLISH)
        for language in Language:
            for name, template in _PAGES.items():
                yield self._page(language, name, template)
            for index in range(len(self._quarters)):
                yield from self._of_quarter(language, index)
        for bundle in self._bundles:
            for file in bundle.entry.files:
                yield f"{bundle.entry.address}/{file.name}", partial(bundle.read, file.name)
        for name in _FOR_MACHINES if self._quarters else ():
            if self._quarters[0].bundle.has(name):
                yield name, partial(self._quarters[0].bundle.read, name)

    def _of_quarter(self, language: Language, index: int) -> Iterator[tuple[str, _Make]]:
        """The pages of one quarter: its own, one an area, one a question."""
        quarter = self._quarters[index]
        yield self._page(language, f"{quarter.period}/{HOME}", "quarter.html", quarter=quarter)
        for name, about in quarter.pages.items():
            beside = {
                "later": next((q for q in reversed(self._quarters[:index]) if name in q.pages), None),
                "earlier": next((q for q in self._quarters[index + 1 :] if name in q.pages), None),
                "name": name,
            }
            values: dict[str, object] = {"area": about}
            template = "area.html"
            if not isinstance(about, Area):
                values, template = {"id": about, "course_of": self._with(name)}, "question.html"
            yield self._page(language, f"{quarter.period}/{name}", template, quarter=quarter, beside=beside, **values)

    def _with(self, name: str) -> Sequence[Quarter]:
        """All quarters that have a page of that name, the earliest first."""
        return [quarter for quarter in reversed(self._quarters) if name in quarter.pages]

    def _page(self, language: Language, name: str, template: str, **values: object) -> tuple[str, _Make]:
        address = f"{language.value}/{name}"
        return address, partial(self._pages.page, template, address, language, **values)
