"""SQLite for asyncio, each statement one trip to the connection's thread.

aiosqlite runs a connection in a thread of its own. The way SQLAlchemy drives it, a statement goes there and back up to
four times: for a cursor, to execute, to fetch, to close. With some 25 statements between a question and its answer,
that was most of what an answer cost (docs/decisions/0005-one-trip-a-statement.md). And a trip still costs more than
most statements: what says of itself that it is brief makes none, but to commit a write, which waits for the disk; and
to begin one makes none where nobody else writes.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import aiosqlite

BEGIN_WRITE = "BEGIN IMMEDIATE"


def connect(prepare: Callable[[sqlite3.Connection], None], database: str, **options: Any) -> "Connection":
    """A connection to *database* for SQLAlchemy's `async_creator_fn`; opened when awaited. *options*: as sqlite3's.

    *prepare* is called with sqlite3's own connection in its thread, so that all it says takes no trip.
    """

    def prepared() -> sqlite3.Connection:
        opened: sqlite3.Connection = sqlite3.connect(database, **{**options, "check_same_thread": False})
        try:
            prepare(opened)
        except BaseException:
            opened.close()
            raise
        return opened

    connection = Connection(prepared, iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy does it: an exit must not wait for a connection forgotten open
    return connection


class Connection(aiosqlite.Connection):
    """aiosqlite's connection, with cursors of ours."""

    _is_brief = False
    _is_away = False  # whether its thread may be at work for somebody who was cancelled

    @property
    def is_here(self) -> bool:
        """Whether a statement is executed by whoever asks for it, rather than in the thread."""
        return self._is_brief and not self._is_away

    @property
    def sqlite(self) -> sqlite3.Connection:
        """SQLite's own connection."""
        return self._conn

    @contextmanager
    def brief(self) -> Iterator[None]:
        """In the block no statement is handed to the thread: each has to be a matter of microseconds."""
        self._is_brief = True
        try:
            yield
        finally:
            self._is_brief = False

    @contextmanager
    def at_length(self) -> Iterator[None]:
        """In the block, inside a brief one too, every statement is handed to the thread: the loop goes on meanwhile."""
        was_brief, self._is_brief = self._is_brief, False
        try:
            yield
        finally:
            self._is_brief = was_brief

    def begins_at_once(self) -> bool:
        """Begin to write where nobody else does; else False, and the thread may wait for them."""
        if self._is_away:
            return False
        (patience,) = self._conn.execute("PRAGMA busy_timeout").fetchone()
        self._conn.execute("PRAGMA busy_timeout = 0")
        try:
            self._conn.execute(BEGIN_WRITE)
        except sqlite3.OperationalError:
            return False
        finally:
            self._conn.execute(f"PRAGMA busy_timeout = {patience}")
        return True

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.is_here:
            return fn(*args, **kwargs)
        self._is_away = True
        try:
            done = await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        except asyncio.CancelledError:
            raise
        except BaseException:
            self._is_away = False
            raise
        self._is_away = False  # it does one thing after the other: what was left to do is done, too
        return done

    async def commit(self) -> None:
        """Commit what there is to commit."""
        if self._is_away or self._conn.in_transaction:
            await super().commit()

    async def rollback(self) -> None:
        """Undo what there is to undo: SQLAlchemy asks for it each time it takes a connection back."""
        if self._is_away or self._conn.in_transaction:
            await super().rollback()

    def cursor(self) -> "Cursor":  # type: ignore[override]
        """A cursor; made without a trip, and nothing is left open when it is dropped."""
        return Cursor(self)

    def stop(self) -> asyncio.Future[None] | None:
        """End the connection's thread, which answers only the first who asks: a second would wait for ever."""
        return super().stop() if self._running else None


class Cursor:
    """What SQLAlchemy asks of a cursor. All rows are fetched where the statement is executed."""

    description: Sequence[Any] | None = None
    rowcount = -1
    lastrowid: int | None = None
    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        """Execute *operation* and fetch what it returns. Raises sqlite3's errors."""
        if operation == BEGIN_WRITE and self._connection.begins_at_once():
            return
        await self._cross(sqlite3.Cursor.execute, operation, parameters)

    async def executemany(self, operation: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Execute *operation* once for each of *parameters*. Raises sqlite3's errors."""
        await self._cross(sqlite3.Cursor.executemany, operation, parameters)

    async def fetchall(self) -> list[Any]:
        """The rows of what was executed."""
        return self._rows

    async def close(self) -> None:
        """Nothing to do: SQLite's own cursor ended with its last row."""

    async def _cross(self, execute: Any, operation: str, parameters: Any) -> None:
        await self._connection._execute(self._run, execute, operation, parameters)

    def _run(self, execute: Any, operation: str, parameters: Any) -> None:
        """In the connection's thread."""
        cursor = self._connection._conn.cursor()
        execute(cursor, operation, parameters)
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else []
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
