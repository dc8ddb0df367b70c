"""Log lines of keys and values, with what the request or the step is about bound to each."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(level: str, form: str) -> None:
    """`form` is console (for people) or json (for machines); everything goes to standard error."""
    # tracebacks without the values of variables: those are where secrets and bodies would leak into logs
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    form_of: dict[str, list[structlog.types.Processor]] = {
        "json": [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer()],
        "console": [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ],
    }
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *form_of[form],
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
