"""A few rows of every table, without the service's help: what a release's database is kept with.

Of each table there is one row that is full and one that has nothing but what it must have. They are made from the
schema alone, so that a new table is kept from the next release on without a word here.
"""

import re
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Connection, Date, LargeBinary, String, Table, insert
from sqlalchemy.types import Boolean, Float, Text

from bot.store.schema import Instant, metadata

FULL, BARE = 1, 2
AT = datetime(2026, 11, 24, 10, 30, 15, 123456, tzinfo=UTC)
WORDS = "Hyvää päivää, €\n'\"\\N"

# What a CHECK of more than one column asks for.
OTHERWISE: dict[tuple[str, int], dict[str, Any]] = {
    ("inbox", FULL): {"state": "done"},
    ("outbox", FULL): {"state": "sent", "lease_until": None, "notice_id": None},
    ("outbox", BARE): {"state": "queued", "notice_id": BARE},
    ("link_code", FULL): {"purpose": "account"},
    ("outreach", FULL): {"done_at": None},
    ("outreach", BARE): {"done_at": AT},
    ("summary_reader", FULL): {"email": None, "lookup": None},
    ("summary_reader", BARE): {"email": b"sealed", "lookup": "whose it is"},
}


def fill(connection: Connection) -> None:
    """Put a full and a bare row into every table of an empty database."""
    for table in metadata.sorted_tables:
        for number in (FULL, BARE):
            connection.execute(insert(table), _row(table, number))


def _row(table: Table, number: int) -> dict[str, Any]:
    columns = [column for column in table.columns if number == FULL or not column.nullable]
    return {column.name: _value(column, number) for column in columns} | OTHERWISE.get((table.name, number), {})


def _value(column: Column[Any], number: int) -> Any:
    for key in column.foreign_keys:
        return _value(key.column, number)
    kind = column.type
    if isinstance(kind, Instant):
        return AT
    if isinstance(kind, Date):
        return date(2026, 11, 23 + number)
    if isinstance(kind, JSON):
        return {"päivä": [number, None, "€"]}
    if isinstance(kind, Boolean):
        return number == FULL
    if isinstance(kind, LargeBinary):
        return b"\x00\xff'" + bytes([number])
    if isinstance(kind, Float):
        return number + 0.1
    if isinstance(kind, Text):
        return f"{WORDS} {number}"
    if isinstance(kind, String):
        return _allowed(column) or f"{number} {column.name}"[: kind.length]
    return number


def _allowed(column: Column[Any]) -> str | None:
    """The first value that a CHECK of this column alone allows."""
    for constraint in column.table.constraints:
        if isinstance(constraint, CheckConstraint):
            listed = re.fullmatch(rf"{column.name} IN \('([^']+)'.*\)", str(constraint.sqltext))
            if listed:
                return listed[1]
    return None
