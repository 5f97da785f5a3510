"""How the long-running commands log: a line of JSON each, or words where a person looks on."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def log_to_stderr(level: str) -> None:
    """Log from this level on (debug, info, warning, error), times in UTC; once per process."""
    person = sys.stderr.isatty()
    # Tracebacks without the values of variables: those hold people's data and passwords.
    shape: list[Any] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if person
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *shape,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
