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


def where(error: BaseException) -> str:
    """Type and place of an exception, without its text: that may quote a citizen."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    file = "/".join(code.co_filename.split("/")[-2:])
    return f"{type(error).__name__} at {file}:{trace.tb_lineno} in {code.co_name}"
