"""The public pages as they will be: with a bundle that is not public yet beside those that are."""

from functools import partial

from database.open_data import BundleState
from policy.agency import Agency
from survey.questions import Localized
from web.public.bundles import Bundle as PublicBundle
from web.public.bundles import Entry, File, Licence
from web.public.site import Site
from web.staff.open_data.bundles import Bundle, Bundles


class Previews:
    """Keeps the last one: somebody clicks through its pages. Bundles never change; which are public does."""

    def __init__(self, bundles: Bundles, agency: Agency) -> None:
        self._bundles = bundles
        self._agency = agency
        self._last: tuple[tuple[str | int, ...], Site] | None = None

    def of(self, bundle: Bundle) -> Site:
        """All pages of the site on which this bundle is public."""
        shown = [one for one in self._bundles.all() if one.state is BundleState.PUBLISHED or one.id == bundle.id]
        unpublished = "" if bundle.state is BundleState.PUBLISHED else bundle.period
        key: tuple[str | int, ...] = (unpublished, *(one.id for one in shown))
        last = self._last
        if last is not None and last[0] == key:
            return last[1]
        site = Site([self._as_public(one) for one in shown], self._agency, unpublished=unpublished)
        self._last = (key, site)
        return site

    def _as_public(self, bundle: Bundle) -> PublicBundle:
        entry = Entry(
            agency=bundle.agency,
            period=bundle.period,
            version=bundle.version,
            reason=None if bundle.reason is None else Localized.model_validate(bundle.reason),
            base=bundle.base,
            published_at=bundle.published_at,
            licence=Licence.model_validate(bundle.report["published_as"]["licence"]),
            files=tuple(File(name=one.name, size=one.size, sha256=one.sha256) for one in bundle.files),
        )
        return PublicBundle(entry, partial(self._bytes_of, bundle))

    def _bytes_of(self, bundle: Bundle, name: str) -> bytes:
        body = self._bundles.file(bundle, name)
        if body is None:
            raise FileNotFoundError(name)
        return body
