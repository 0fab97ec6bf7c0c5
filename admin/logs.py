"""Logs on stderr: one line an event, with ids and kinds, never an asker's words.

Only keys named here are written, so a text can't slip in by a new `log.info(…, text=…)`. Libraries that log what they
send or receive are kept quiet.
"""

import logging
import sys
import traceback

import structlog
from structlog.typing import EventDict, WrappedLogger

ALLOWED_KEYS = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "attempt",
        "channel",
        "entries",
        "fault",
        "faults",
        "item",
        "kind",
        "loop",
        "path",
        "reason",
        "seconds",
        "status",
        "uncertain",
        "what",
        "count",
        "host",
        "port",
        "url",
        "period",
        "recipient",
        "version",
    ]
)


def set_up() -> None:
    """Send everything through structlog to stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed_keys,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(KindAndPlace())
    logging.basicConfig(handlers=[to_stderr], level=logging.WARNING)
    # These write message texts (python-telegram-bot, on unreadable JSON) or the token (httpx, in its addresses).
    for name in ("httpx", "httpcore", "telegram", "sqlalchemy", "asyncio", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


class KindAndPlace(logging.Formatter):
    """Prints of a library's record what went wrong and where, such as `ERROR uvicorn.error ValueError posts.py:41`.

    Neither its message nor a traceback: either may quote what was handled, an asker's words among them.
    """

    def format(self, record: logging.LogRecord) -> str:
        kind, error, trace = record.exc_info or (None, None, None)
        if kind is None or error is None:
            return f"{record.levelname} {record.name} {record.filename}:{record.lineno}"
        frames = list(traceback.walk_tb(trace))
        place = f" {frames[-1][0].f_code.co_filename}:{frames[-1][1]}" if frames else ""
        return f"{record.levelname} {record.name} {kind.__name__}{place}"


def _only_allowed_keys(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: value for key, value in event.items() if key in ALLOWED_KEYS}
