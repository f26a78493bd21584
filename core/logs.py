"""Logs are data: one JSON object a line, or aligned text on a terminal."""

import logging
import sys
from typing import Final

import structlog

_QUIET: Final = {
    # Bolt logs whole request bodies at INFO when a signature does not fit.
    "slack_bolt": logging.WARNING,
    "slack_sdk": logging.WARNING,
    # It logs answers, with the tokens in them, and what its sign-in programs print.
    "kubernetes_asyncio": logging.CRITICAL,
}
"""The loudest that other people's loggers may be, by name."""


def configure_logs(*, debug: bool = False, quiet: bool = False) -> None:
    """Send every log line of this process to stderr.

    A traceback names places and no values: a local variable may be a secret.

    Args:
        debug: also what is only of use to who looks for a fault.
        quiet: only what somebody has to look at; `debug` wins.
    """
    level = logging.DEBUG if debug else logging.WARNING if quiet else logging.INFO
    is_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([] if is_terminal else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer(
                exception_formatter=structlog.dev.plain_traceback
            )
            if is_terminal
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    for name, loudest in _QUIET.items():
        logging.getLogger(name).setLevel(loudest)
