"""What an asker waits for reads nothing that a busy year adds up: each statement finds its rows by an index."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Index, UniqueConstraint, event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import wording
from bot.profile import Retention
from bot.store import retention, tickets
from bot.store.engine import Store
from bot.store.schema import audit, metadata, ticket
from bot.vault import Vault
from tests.support import people
from tests.support.chat import Browser, serving
from tests.support.knowledge import KNOWN, UNKNOWN, SteadyKnowledge

# Of which there are more the longer the service has been there, and the more people write to it.
GROWING = {
    *("address", "asker", "audit", "conversation", "decision", "draft", "event", "group_message", "inbox", "message"),
    *("message_word", "notice", "outbox", "quarantine", "subscription", "ticket"),
}
NEVER_DELETED = {"account"}
INDEXES = [index for table in metadata.tables.values() for index in table.indexes]
OF_FEW_ROWS = {index.name for index in INDEXES if index.dialect_kwargs.get("sqlite_where") is not None}
THE_LAST = re.compile(r"ORDER BY (\w+)\.id DESC\s+LIMIT")  # reads one row from the end
Asked = dict[str, Any]  # the parameters of each statement


def test_what_goes_along_with_a_row_is_found_by_an_index() -> None:
    """No plan shows the rows that a database looks for itself: one erasure would read all that anybody ever said."""
    lacking = [
        f"{table}.{column.name}"
        for table in sorted(GROWING)
        for column in metadata.tables[table].columns
        for key in column.foreign_keys
        if key.column.table.name not in NEVER_DELETED and not _leads(column)
    ]

    assert lacking == []


async def test_every_statement_of_a_whole_round_finds_its_rows_by_an_index(
    store: Store, vault: Vault, knowledge_base: SteadyKnowledge, tmp_path: Path
) -> None:
    """From the open page to the erasure: what reads a whole table makes everybody wait, a little more every day."""
    asked: Asked = {}
    async with serving(store, vault, knowledge_base, tmp_path) as chat, Browser(chat) as aino:
        with _listening(store, asked):
            await aino.opens()
            await aino.says(KNOWN)
            await aino.says(UNKNOWN)
            await aino.presses("Lähetä: työ ja opinnot")
            await aino.says("Unohdin sanoa: huomenna.")
            await chat.replies("Tule käymään.")
            await aino.opens()
            await aino.says("/tietoni")
            await aino.get("/chat/tietoni.txt")
            await aino.says("/unohda")
            await aino.presses(wording.BUTTON_ERASE)
    async with store.read() as read:
        readings = [f"{line}: {sql}" for sql, how in asked.items() async for line in _whole_tables(read, sql, how)]

    assert len(asked) > 40
    assert readings == []


async def test_what_the_night_looks_at_again_before_it_deletes_is_found_by_an_index(store: Store) -> None:
    """It looks with the write lock held: after a million messages each address read all that was ever sent."""
    asked: Asked = {}
    examples: dict[type, Any] = {int: 1, str: "x", bytes: b"x", date: date(2026, 1, 1)}
    async with store.read() as read:
        with _listening(store, asked):
            for rule in retention.rules(Retention(), people.LONG_AGO):
                if rule.tables[0] is audit:  # a chain that goes from its beginning on, which is where it is read
                    continue
                await read.execute(rule.overdue.where(rule.key.in_(2 * [examples[rule.key.type.python_type]])))
        readings = [f"{line}: {sql}" for sql, how in asked.items() async for line in _whole_tables(read, sql, how)]

    assert len(asked) > 15
    assert readings == []


async def test_what_is_usual_is_told_by_the_latest_waits_however_many_there_were(store: Store, vault: Vault) -> None:
    """It is asked for in the middle of an answer: a month of a busy house is ten thousand waits."""
    async with store.write() as tx:
        talk = await people.meet(tx, vault)
        for hours in range(4):
            replied = people.LONG_AGO + timedelta(hours=hours)
            times = {"opened_at": people.LONG_AGO, "promised_at": replied, "replied_at": replied, "closed_at": replied}
            whose = {"id": str(hours), "conversation_id": talk.id, "role": "tyovoimaneuvoja", "opened": hours}
            await tx.execute(ticket.insert().values(**whose, **times))
    async with store.read() as read:
        ended = await tickets.waits(read, people.LONG_AGO + timedelta(hours=1), most=2)

    assert [(replied - began).total_seconds() for began, replied in ended] == [3 * 3600, 2 * 3600]


@contextmanager
def _listening(store: Store, asked: Asked) -> Iterator[None]:
    """Remember every statement that finds rows."""

    def hear(_connection: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, is_many: bool) -> None:
        if not is_many and re.match("SELECT|UPDATE|DELETE", sql) and not THE_LAST.search(sql):
            asked[sql] = parameters

    engines = {store.reader.sync_engine, store.writer.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", hear)
    yield
    for engine in engines:
        event.remove(engine, "before_cursor_execute", hear)


async def _whole_tables(read: AsyncConnection, sql: str, parameters: Any) -> AsyncIterator[str]:
    """What *sql* reads all of, a line each."""
    if read.dialect.name == "sqlite":
        for row in await read.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters):
            scan = re.match(r"SCAN (\w+?)(?:_\d+)?(?: USING (?:COVERING )?INDEX (\w+))?$", row[3])
            scan = scan or re.match(r"SEARCH (\w+?)(?:_\d+)? USING INTEGER PRIMARY KEY( )\(rowid[<>]", row[3])
            # An index that SQLite makes for this one statement, of all there is.
            scan = scan or re.match(r"SEARCH (\w+?)(?:_\d+)? USING AUTOMATIC( )", row[3])
            if scan and scan[1] in GROWING and scan[2] not in OF_FEW_ROWS:
                yield str(row[3])
        return
    await read.execute(text("SET LOCAL enable_seqscan = off"))
    (plan,) = (await read.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}", parameters)).scalar_one()
    for node in _nodes(plan["Plan"]):
        table, index = node.get("Relation Name", ""), node.get("Index Name")
        is_whole = node["Node Type"] == "Seq Scan" or (
            "Index" in node["Node Type"] and "Index Cond" not in node and index not in OF_FEW_ROWS
        )
        if is_whole and table in GROWING:
            yield json.dumps(node)


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _leads(column: Column[Any]) -> bool:
    """Whether an index of all rows begins with *column*."""
    table = column.table
    keys = [table.primary_key, *(key for key in table.constraints if isinstance(key, UniqueConstraint))]
    return any(next(iter(of.columns)) is column for of in [*keys, *_of_all_rows(table.indexes)])


def _of_all_rows(indexes: set[Index]) -> list[Index]:
    return [index for index in indexes if index.name not in OF_FEW_ROWS]
