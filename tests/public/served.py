"""The portal on a real port."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from policy.agency import Agency
from tests.serving import serving
from web.public.app import create_portal_app


@contextmanager
def served_portal(bundles: Path, agency: Agency) -> Iterator[Callable[[str], requests.Response]]:
    """Asks for a page, and follows nothing."""
    app = create_portal_app(bundles=bundles, agency=agency)
    with serving(app) as address, requests.Session() as session:
        session.trust_env = False
        yield lambda path: session.get(f"{address}{path}", timeout=10, allow_redirects=False)
