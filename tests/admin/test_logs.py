"""The log: a message can be followed through it, and nobody's words stand in it."""

import contextlib
import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from admin import logs
from bot.store import inbox
from bot.store.engine import Tx
from bot.store.inbox import InboxItem
from bot.store.schema import outbox
from tests.support.knowledge import KNOWN, UNKNOWN
from tests.support.koppi import Koppi
from tests.support.people import AINO

MARKER = "murmeli"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the service's own lines come to, as JSON."""
    written = io.StringIO()
    structlog.configure(processors=logs.processors("json"), logger_factory=structlog.PrintLoggerFactory(written))
    yield written
    structlog.reset_defaults()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_message_is_followed_from_its_receipt_to_its_replies_and_nothing_tells_of_whom(
    log: io.StringIO, koppi: Koppi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks for a fault finds all lines of one message; whoever finds the log finds nobody."""
    done, failures = inbox.done, [RuntimeError(MARKER)]

    async def fail_once(tx: Tx, item: InboxItem, **facts: object) -> None:
        if failures:
            raise failures.pop()
        await done(tx, item, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(inbox, "done", fail_once)
    await koppi.says(f"{UNKNOWN} {MARKER}")
    await koppi.settles()
    await koppi.asks(f"{KNOWN} {MARKER}")
    await koppi.settles()
    structlog.get_logger().info("careless", text=MARKER)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    replies = {row.id: row.inbox_id for row in await koppi.rows(outbox)}

    assert [line["inbox"] for line in lines if line["event"] == "handling_failed"] == [1]
    assert {line["inbox"] for line in lines if line["event"] == "handled"} == set(replies.values()) == {1, 2}
    assert {line["outbox"]: line["inbox"] for line in lines if line["event"] == "sent"} == replies
    assert all({"timestamp", "level", "event"} <= set(line) <= logs.ALLOWED_KEYS for line in lines)
    assert not re.search(rf"(?<!\d){AINO}(?!\d)", log.getvalue()), "but digits of a moment may happen to be the same"
    for word in (MARKER, koppi.vault.lookup("telegram", str(AINO)), KNOWN[:12], UNKNOWN[:12]):
        assert word not in log.getvalue()


def test_a_library_s_fault_is_a_json_line_without_its_words() -> None:
    """Lines of two kinds in one log would break whatever reads it; and a message may quote an asker."""
    try:
        raise ValueError(MARKER)
    except ValueError:
        record = logging.LogRecord("uvicorn.error", logging.ERROR, __file__, 1, MARKER, None, sys.exc_info())
    line = json.loads(logs.KindAndPlace("json").format(record))

    assert (line["level"], line["event"]) == ("error", "library")
    assert line["what"].startswith("ERROR uvicorn.error ValueError ")
    assert MARKER not in str(line)


def test_a_log_that_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk that the log stands on fills up, and each line would end the loop that wanted to say something."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    with contextlib.suppress(OSError), Path("/dev/full").open("w", encoding="utf-8", buffering=1) as full:
        monkeypatch.setattr(sys, "stderr", full)
        logs.set_up()
        try:
            for _ in range(2):
                structlog.get_logger().info("handled")
                logging.getLogger("uvicorn.error").error("broken")
            said = True
        except OSError:
            said = False
        finally:
            structlog.reset_defaults()

    assert said
