"""Logging: structlog on standard error, for people or as JSON, with our own ids and codes only.

Foreign libraries print what they work on (parameters, element values, file names), so their loggers are capped.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_FOREIGN = ("paramiko", "pyx12", "sqlalchemy", "alembic", "asyncio", "opentelemetry")


class _Stderr:
    """Looks `sys.stderr` up at each write, so that a redirected stream is respected."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(form: str = "console", level: str = "info") -> None:
    """Sets structlog up once for this process."""
    for name in _FOREIGN:
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
    if form == "json":
        renderer: Any = structlog.processors.JSONRenderer()
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    else:
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain, pad_event_to=24)
        stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    structlog.configure(
        processors=[structlog.processors.add_log_level, stamp, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(_stream()),
        cache_logger_on_first_use=False,
    )


def _stream() -> TextIO:
    stream: Any = _Stderr()
    return stream  # type: ignore[no-any-return]
