"""The doors to the database: `read()` and `write()`, on SQLite or PostgreSQL alike.

SQLite has one writer: every write begins with BEGIN IMMEDIATE on the one write connection. A deferred transaction that
turns from reading to writing fails at once with "database is locked" however long the timeout, or silently loses
updates under the driver's default. WAL with synchronous=FULL keeps every acknowledged commit through a power loss;
NORMAL does not.

Does not know what is stored; see `schema`.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from functools import cache, partial
from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, Executable, Insert, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store import postgresql_driver, prepared, sqlite_driver
from bot.store.live import Hub
from bot.store.schema import revision_counter
from bot.store.together import Together

SQLITE_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL
    "foreign_keys": 1,
    "busy_timeout": 1_500,  # milliseconds, while another program writes
    "secure_delete": 1,  # what is erased is overwritten
    "mmap_size": 0,
}

TURN_WITHIN = 2.5  # seconds that a write waits for another's end; with SQLite's own wait less than an asker should
REWRITTEN_UP_TO = 200_000_000  # bytes

SQLITE_WORDS = {  # what an operator can do something about, by the beginnings of SQLite's names
    "SQLITE_READONLY": "its file is read-only",
    "SQLITE_CANTOPEN": "its file can't be opened",
    "SQLITE_FULL": "the disk is full",
}

POSTGRESQL_OPTIONS = "-c statement_timeout=4000 -c idle_in_transaction_session_timeout=10000 -c timezone=UTC"
QUERY_CANCELED = "57014"  # PostgreSQL's word for a statement that outran its timeout, or that an operator ended


Kept = TypeVar("Kept")
Result = TypeVar("Result")


class StoreUnavailable(Exception):
    """The database can't be reached or written just now; nothing of the transaction was kept."""


class StatementCancelled(StoreUnavailable):
    """The database is there but has ended a statement before its end: what was asked may be the fault."""


class Tx:
    """One transaction. What it touches is announced on the hub after the commit, never before."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.touched: set[str] = set()
        self.bumped: set[str] = set()
        self.afterwards: list[Callable[[], object]] = []

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.connection.dialect.name

    async def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """The result of *statement* with its *parameters*; of a sequence of them, with all in one go."""
        if parameters is not None:
            return await self.connection.execute(statement, parameters)
        return await self.connection.execute(statement)

    async def insert_once(self, table: Table, values: Mapping[str, Any]) -> Any:
        """The new row's primary key, or None where a unique key already held such a row: then nothing changes."""
        row = (await self.execute(insert_once(self.dialect, table), values)).first()
        return row[0] if row else None

    @asynccontextmanager
    async def patience(self) -> AsyncIterator[None]:
        """Inside, a statement may take as long as it needs: nobody waits for what it changes."""
        driver = (await self.connection.get_raw_connection()).driver_connection
        if isinstance(driver, sqlite_driver.Connection):
            with driver.at_length():
                yield
            return
        await self.execute(text("SET LOCAL statement_timeout = 0"))
        if isinstance(driver, postgresql_driver.Connection):
            driver.is_patient = True
        try:
            yield
        finally:
            if isinstance(driver, postgresql_driver.Connection):
                driver.is_patient = False

    def touch(self, topic: str) -> None:
        """Tell whoever waits for *topic*, once this transaction is committed."""
        self.touched.add(topic)

    def after(self, count: Callable[[], object]) -> None:
        """Do *count* once this transaction is committed; never when it is undone. It must not fail, nor take long."""
        self.afterwards.append(count)

    async def bump(self, topic: str) -> None:
        """Count a change of *topic* for every process, and tell those who wait in this one.

        Counted at the end, in one order for all: everybody counts the same few. Whoever held them while still waiting
        for an asker's row would wait for one who has that row and waits for the count, and one of the two would lose.
        """
        self.bumped.add(topic)
        self.touch(topic)

    async def count_changes(self) -> None:
        """Carry out every `bump`; for who ends the transaction."""
        insert = postgresql.insert if self.dialect == "postgresql" else sqlite.insert
        for topic in sorted(self.bumped):
            await self.execute(
                insert(revision_counter)
                .values(topic=topic, number=1)
                .on_conflict_do_update(index_elements=["topic"], set_={"number": revision_counter.c.number + 1})
            )


@cache
def insert_once(dialect: str, table: Table) -> Insert:
    """A new row, or nothing where a unique key already holds such a row; returns its primary key.

    Built once a table: see `inbox`.
    """
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return insert.on_conflict_do_nothing().returning(*table.primary_key.columns)


class Store:
    """The database of the service, its pool and its rules."""

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self.hub = Hub()
        self.reader = reader
        self.writer = writer
        self._turn = asyncio.Lock() if writer.dialect.name == "sqlite" else None
        self._together = Together(self)

    @classmethod
    def at(cls, url: str) -> "Store":
        """The store at an SQLAlchemy *url* (`sqlite+aiosqlite:///…` or `postgresql+psycopg://…`); connects lazily."""
        if make_url(url).get_backend_name() == "sqlite":
            return cls(
                reader=_sqlite_engine(url, begin="BEGIN", query_only=True, pool_size=4),
                writer=_sqlite_engine(url, begin=sqlite_driver.BEGIN_WRITE, query_only=False, pool_size=1),
            )
        engine = create_async_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=10,
            max_overflow=0,
            pool_timeout=2,
            connect_args={
                "options": POSTGRESQL_OPTIONS,
                "connect_timeout": 2,
                "async_creator_fn": postgresql_driver.Connection.connect,
            },
        )
        return cls(reader=engine, writer=engine)

    @property
    def is_shared(self) -> bool:
        """Whether other processes may write to the same database at the same time."""
        return self.writer.dialect.name == "postgresql"

    @asynccontextmanager
    async def read(self, *, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection to read with, in one snapshot. Raises `StoreUnavailable`. *brief*: see `write`."""
        try:
            async with self.reader.connect() as connection:
                with self._here(connection) if brief else nullcontext():
                    async with connection.begin():
                        yield connection
        except (SQLAlchemyError, OSError) as error:
            if _is_outage(error):
                raise _unavailable(error) from error
            raise

    @asynccontextmanager
    async def write(self, *, brief: bool = False) -> AsyncIterator[Tx]:
        """A transaction, committed at the end of the block and undone by any error. Raises `StoreUnavailable`.

        Keep it to milliseconds and never await the network inside: on SQLite everybody else's write waits for it.
        A *brief* one is of few statements, each found by an index: on SQLite the event loop itself executes them, and
        nothing else goes on meanwhile.
        """
        try:
            async with AsyncExitStack() as stack:
                if self._turn is not None:
                    async with asyncio.timeout(TURN_WITHIN):
                        await stack.enter_async_context(self._turn)
                connection = await stack.enter_async_context(self.writer.connect())
                async with connection.begin():
                    tx = Tx(connection)
                    with self._here(connection) if brief else nullcontext():
                        yield tx
                        await tx.count_changes()
        except (SQLAlchemyError, OSError) as error:
            if _is_outage(error):
                raise _unavailable(error) from error
            raise
        for count in tx.afterwards:
            count()
        for topic in tx.touched:
            self.hub.announce(topic)

    async def together(
        self,
        work: Callable[[Tx, Kept], Awaitable[Result]],
        around: Callable[[], AbstractContextManager[Kept]],
    ) -> Result:
        """What *work* returns, done in a brief transaction that others may share. Raises what *work* does, and
        `StoreUnavailable`.

        It may be done a second time, in a transaction of its own, if another's part of the first one fails. What
        *around* gives is entered before it and left after the commit, or by the error that undoes it.
        """
        return cast(Result, await self._together.write(work, around))

    def _here(self, connection: AsyncConnection) -> AbstractContextManager[None]:
        """No trips to SQLite's thread while the block lasts."""
        return connection.brief() if isinstance(connection, prepared.Connection) else nullcontext()

    async def empty_log(self) -> None:
        """On SQLite, fold the write-ahead log into the file and empty it: what was erased must not live on there.

        Does what it can while others read; what is left goes at the next time or when the service stops.
        """
        await self._ask_the_file("PRAGMA wal_checkpoint(TRUNCATE)")

    async def rewrite(self) -> bool:
        """On SQLite, write the whole file anew, for no byte of what was erased to be left; False when it is too large.

        secure_delete overwrites what is deleted, but not the copies that stay in the unused middle of a page when
        SQLite moves rows to another: of 6,558 messages deleted from a file of 79 MB one was found there. Everybody
        else's write waits meanwhile, about a second for 100 MB. PostgreSQL cleans up by itself.
        """
        if self._turn is None:
            return True
        async with self.read() as read:
            size = (
                await read.execute(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
            ).scalar_one()
        if size > REWRITTEN_UP_TO:
            return False
        await self._ask_the_file("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
        return True

    @asynccontextmanager
    async def remaking_tables(self) -> AsyncIterator[None]:
        """On SQLite, let a table be made anew under the rows of others that refer to it, while nobody else writes.

        Otherwise these go with the old one, by the rules that make them go with what they refer to; and SQLite takes
        no word on that in the middle of a transaction. PostgreSQL never makes a table anew.
        """
        await self._ask_the_file("PRAGMA foreign_keys = 0")
        try:
            yield
        finally:
            await self._ask_the_file("PRAGMA foreign_keys = 1")

    async def _ask_the_file(self, *statements: str) -> None:
        """On SQLite, what can't be in a transaction, and so is asked of the driver. Raises `StoreUnavailable`."""
        if self._turn is None:
            return
        try:
            async with self._turn, self.writer.connect() as connection:
                raw = await connection.get_raw_connection()
                if raw.driver_connection is not None:
                    for statement in statements:
                        await raw.driver_connection.cursor().execute(statement)  # and read to its end, or it goes on
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StoreUnavailable(type(error).__name__) from error

    async def close(self) -> None:
        """Close every connection; the last one folds SQLite's write-ahead log into the file."""
        await self.reader.dispose()
        if self.writer is not self.reader:
            await self.writer.dispose()


def _unavailable(error: Exception) -> StoreUnavailable:
    cause = getattr(error, "orig", None)
    if getattr(cause, "sqlstate", None) == QUERY_CANCELED:
        return StatementCancelled(type(error).__name__)
    code = getattr(cause, "sqlite_errorname", "")  # such as SQLITE_READONLY_DIRECTORY
    words = next((words for begins, words in SQLITE_WORDS.items() if code.startswith(begins)), None)
    return StoreUnavailable(words or type(error).__name__)


def _is_outage(error: Exception) -> bool:
    """Whether the database is away or full, rather than asked something wrong.

    The driver's own message may quote values of the statement, an asker's words among them: only its kind is passed on.
    """
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout | OSError):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _sqlite_engine(url: str, *, begin: str, query_only: bool, pool_size: int) -> AsyncEngine:
    prepare = partial(_set_pragmas, query_only=query_only)
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        hide_parameters=True,
        connect_args={"async_creator_fn": partial(sqlite_driver.connect, prepare)},
    )

    @event.listens_for(engine.sync_engine, "begin")
    def say_begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return prepared.Engine(engine.sync_engine)


def _set_pragmas(connection: sqlite3.Connection, *, query_only: bool) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma, wanted in SQLITE_PRAGMAS.items():
        connection.execute(f"PRAGMA {pragma} = {wanted}")
        (found,) = connection.execute(f"PRAGMA {pragma}").fetchone() or (wanted,)
        if found != wanted:
            raise RuntimeError(f"SQLite refuses {pragma} = {wanted} (has {found}); nothing would be safe")
    if query_only:
        connection.execute("PRAGMA query_only = 1")
