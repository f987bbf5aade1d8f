"""The service's logging, set up for a test, and afterwards as it was."""

import io
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from logs import configure_logging


@contextmanager
def logged_lines(*, service: str) -> Iterator[io.StringIO]:
    """What is written meanwhile. No logger keeps this set-up: it would write here for the rest of the process."""
    hooks, root = (sys.excepthook, threading.excepthook), logging.getLogger()
    before = (root.handlers[:], root.level, structlog.get_config())
    uvicorns = logging.getLogger("uvicorn")  # a server of another test has set it up in its own way
    of_uvicorn = (uvicorns.handlers[:], uvicorns.propagate)
    uvicorns.handlers[:], uvicorns.propagate = [], True
    stream = io.StringIO()
    configure_logging(service=service, format_="json", stream=stream)
    structlog.configure(cache_logger_on_first_use=False)
    try:
        yield stream
    finally:
        sys.excepthook, threading.excepthook = hooks
        logging.captureWarnings(capture=False)
        root.handlers[:], root.level = before[0], before[1]
        uvicorns.handlers[:], uvicorns.propagate = of_uvicorn
        structlog.reset_defaults()
        structlog.configure(**before[2])
