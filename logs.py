"""Logging: structlog, one JSON object a line, and nothing personal in it (R3)."""

import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, Final, TextIO

import structlog

from calls.contracts import call_id_of
from watching.redaction import exception_lines, redacted_event

_QUIET: Final = ("twilio.http_client", "httpx", "httpcore", "urllib3", "alembic.runtime.migration")
_OF_TEMPORAL: Final = ("temporal_activity", "temporal_workflow")


def configure_logging(*, service: str, format_: str, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's records through one chain to `stream`, else to standard error.

    Every library's go through it, what Python warns of, and exceptions that nobody caught. structlog's
    `bound_contextvars(call_id=…)` puts the call beside every line that is written inside.
    """

    def name_service(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {"service": service, **event}

    shared: list[structlog.typing.Processor] = [
        name_service,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception_without_words,
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
            foreign_pre_chain=[_name_logger, _call_of_temporal, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _redact, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.captureWarnings(capture=True)
    for name in _QUIET:  # their lines hold telephone numbers, or say nothing
        logging.getLogger(name).setLevel(logging.ERROR)
    sys.excepthook = _nobody_caught
    threading.excepthook = lambda found: _nobody_caught(found.exc_type, found.exc_value, found.exc_traceback)


def _redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return redacted_event(event)


def _exception_without_words(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = exception_lines(error)
    return event


def _name_logger(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record: logging.LogRecord = event["_record"]
    event["logger"] = record.name
    return event


def _call_of_temporal(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Temporal's own lines say whose they are: the call, as ours do."""
    for name in _OF_TEMPORAL:
        workflow = (getattr(event["_record"], name, None) or {}).get("workflow_id")
        if isinstance(workflow, str):
            event["workflow_id"] = workflow
            if (call_id := call_id_of(workflow)) is not None:
                event["call_id"] = call_id
    return event


def _nobody_caught(kind: type[BaseException], error: BaseException | None, _where: TracebackType | None) -> None:
    if error is None or issubclass(kind, (KeyboardInterrupt, SystemExit)):
        return
    logging.getLogger("python").critical("nobody caught this", exc_info=error)
