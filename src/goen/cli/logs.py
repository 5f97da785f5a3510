"""How the long-running commands log: a line of JSON each, or words where a person looks on."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog

# What the database or its driver says of a value: "Key (normal)=(+81…) already exists", "Failing row contains (…)",
# "invalid input for query argument $2: '…'". Such words may go over several lines.
_MORE = r".*(?:\n(?![A-Z]+:|Traceback|\S+: ).*)*"
_VALUES = re.compile(
    rf"^(?P<lead>DETAIL|CONTEXT|STATEMENT):{_MORE}"
    rf"|(?P<input>invalid input (?:for query argument \$\d+|syntax for type \w+)): {_MORE}",
    re.MULTILINE,
)


def without_values(words: str) -> str:
    """Words of an error without the values that the database quotes in them: those are people's data."""
    return _VALUES.sub(lambda found: f"{found['lead'] or found['input']}: (not logged)", words)


def _quiet(_logger: Any, _method: str, event: Any) -> Any:
    for name in ("exception", "error"):
        if isinstance(event.get(name), str):
            event[name] = without_values(event[name])
    return event


def log_to_stderr(level: str) -> None:
    """Log from this level on (debug, info, warning, error), times in UTC; once per process."""
    person = sys.stderr.isatty()
    # Tracebacks without the values of variables: those hold people's data and passwords.
    shape: list[Any] = (
        [structlog.processors.format_exc_info, _quiet, structlog.dev.ConsoleRenderer()]
        if person
        else [structlog.processors.format_exc_info, _quiet, structlog.processors.JSONRenderer(ensure_ascii=False)]
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
