"""One JSON line per request and job. Nothing personal: only what is named here may be logged."""

import logging
import sys

import structlog

# These log URLs with tokens and numbers, or whole messages, some of it even as errors.
SILENCED = ("httpx", "httpcore", "urllib3", "telegram", "twilio", "rq")


def configure(*, level: str = "info", json: bool = True) -> None:
    """Send log lines to standard error, as JSON or, on a terminal, for people."""
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for name in SILENCED:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
