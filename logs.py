"""Logging: structlog, one JSON object a line, and nothing personal in it (R3)."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

# Anything that could be a telephone number: ten or eleven digits, however they are grouped.
_NUMBER = re.compile(r"(?:%2B|(?<![\w-]))\+?1?[\s.(-]{0,2}\d{3}[\s.)-]{0,2}\d{3}[\s.-]?\d{4}(?![\w-])")
_QUIET = ("twilio.http_client", "httpx", "httpcore", "urllib3", "alembic.runtime.migration")


def configure_logging(*, service: str, format_: str, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's records through one chain to `stream`, else to standard error."""

    def name_service(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {"service": service, **event}

    shared: list[structlog.typing.Processor] = [
        name_service,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if format_ == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _redacted(renderer)],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in _QUIET:  # their lines hold telephone numbers, or say nothing
        logging.getLogger(name).setLevel(logging.ERROR)


def redact(line: str) -> str:
    """A net under R3, not its means: what looks like a telephone number never leaves in a log line."""
    return _NUMBER.sub("[number]", line)


def _redacted(renderer: structlog.typing.Processor) -> structlog.typing.Processor:
    """The rendered line, lists and exceptions in it included, behind the net."""

    def process(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        return redact(str(renderer(logger, method, event)))

    return process
