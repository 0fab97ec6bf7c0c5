"""Logs on stderr: one line an event, with ids and kinds, never an asker's words.

Only keys named here are written, so a text can't slip in by a new `log.info(…, text=…)`. Libraries that log what they
send or receive are kept quiet. A message's way is followed by `inbox`, the number of what was received: it is in every
line of its handling, and of the sending of each reply to it, beside that one's own number, `outbox`.
"""

import contextlib
import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

Format = Literal["text", "json"]

ALLOWED_KEYS = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "attempt",
        "channel",
        "entries",
        "fault",
        "inbox",
        "outbox",
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


def set_up(form: Format = "text") -> None:
    """Send everything through structlog to stderr: as text, or as a JSON object a line."""
    structlog.configure(
        processors=processors(form),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _WhileItLasts(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(KindAndPlace(form))
    logging.basicConfig(handlers=[to_stderr], level=logging.WARNING)
    # These write message texts (python-telegram-bot, on unreadable JSON) or the token (httpx, in its addresses).
    for name in ("httpx", "httpcore", "telegram", "sqlalchemy", "asyncio", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def processors(form: Format) -> list[Processor]:
    """What makes a line of an event."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _only_allowed_keys,
        structlog.processors.JSONRenderer(ensure_ascii=True)
        if form == "json"
        else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
    ]


class _WhileItLasts:
    """*stream*, as far as it can be written: a full disk must cost the log and nothing else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


class KindAndPlace(logging.Formatter):
    """Prints of a library's record what went wrong and where, such as `ERROR uvicorn.error ValueError posts.py:41`.

    Neither its message nor a traceback: either may quote what was handled, an asker's words among them.
    """

    def __init__(self, form: Format = "text") -> None:
        super().__init__()
        self._is_json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        what = self._what(record)
        if not self._is_json:
            return what
        at = datetime.fromtimestamp(record.created, UTC).isoformat()
        return json.dumps({"timestamp": at, "level": record.levelname.lower(), "event": "library", "what": what})

    @staticmethod
    def _what(record: logging.LogRecord) -> str:
        kind, error, trace = record.exc_info or (None, None, None)
        if kind is None or error is None:
            return f"{record.levelname} {record.name} {record.filename}:{record.lineno}"
        frames = list(traceback.walk_tb(trace))
        place = f" {frames[-1][0].f_code.co_filename}:{frames[-1][1]}" if frames else ""
        return f"{record.levelname} {record.name} {kind.__name__}{place}"


def _only_allowed_keys(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: value for key, value in event.items() if key in ALLOWED_KEYS}
