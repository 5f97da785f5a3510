"""What the machine says about itself: lines on stderr, for people at a terminal, as JSON for machines.

Tracebacks come without the values of local variables: those hold the database's password, and members' names
and phone numbers.
"""

from __future__ import annotations

import sys

import structlog

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def speak(level: str) -> None:
    """Say what is at least this important (GOEN_LOG_LEVEL), from now on, in this process."""
    renderer: structlog.types.Processor
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        before: list[structlog.types.Processor] = []
    else:
        renderer, before = structlog.processors.JSONRenderer(ensure_ascii=False), [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *before,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
