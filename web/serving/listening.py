"""How each of our sites and ports listens."""

from typing import Final

import uvicorn
from fastapi import FastAPI

_HANGS_UP_AFTER_SECONDS: Final = 130
"""Whoever keeps connections for the next request (a proxy before us: nginx and load balancers a minute, Caddy two; the
carrier; CAD) must be the one who hangs up: else a request that comes at that moment meets a reset, which a proxy tells
as 502. uvicorn's own five seconds are shorter than any of these."""
_A_PAGE_SECONDS: Final = 5


def listen(app: FastAPI, *, host: str, port: int, finishes_within_seconds: int = _A_PAGE_SECONDS) -> None:
    """Serve until SIGTERM or SIGINT, and then finish what was asked for. No access log: paths hold tokens (R3). Whose
    word on an address counts behind a proxy, our own settings say."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_HANGS_UP_AFTER_SECONDS,
        timeout_graceful_shutdown=finishes_within_seconds,
    )
