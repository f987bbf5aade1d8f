"""The portal on a real port."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
import uvicorn

from local.ports import free_port
from policy.agency import Agency
from web.public.app import create_portal_app


@contextmanager
def served_portal(bundles: Path, agency: Agency) -> Iterator[Callable[[str], requests.Response]]:
    """Asks for a page, and follows nothing."""
    port = free_port()
    app = create_portal_app(bundles=bundles, agency=agency)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        with requests.Session() as session:
            session.trust_env = False
            yield lambda path: session.get(f"http://127.0.0.1:{port}{path}", timeout=10, allow_redirects=False)
    finally:
        server.should_exit = True
        thread.join()
