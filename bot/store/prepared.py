"""Statements that are asked again and again, on SQLite without what SQLAlchemy does each time.

Of the 50 to 90 µs that a statement took by way of SQLAlchemy and its greenlet, SQLite itself takes some 2. SQLAlchemy
still writes each statement, once, and says what becomes of values on their way in and out; to call SQLite is all that
is left to do each time. So it is in brief transactions, whose statements need no trip (see `sqlite_driver`), and with
statements that were built once: those are met again. All else goes SQLAlchemy's way.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection as SyncConnection
from sqlalchemy import Delete, Dialect, Executable, Insert, Select, Update
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine

from bot.store import sqlite_driver

Process = Callable[[Any], Any]


class Result(IteratorResult[Any]):
    """Rows as SQLAlchemy gives them; *rowcount* rows were changed."""

    rowcount: int


@dataclass(frozen=True)
class Prepared:
    """A statement with values of just these names, as SQLite takes it.

    *values* are those it always has, None where one is *given*: its place, its name, and what makes of it what SQLite
    keeps. *made*: what makes of what SQLite keeps the values of a row.
    """

    sql: str
    values: list[Any]
    given: list[tuple[int, str, Process | None]]
    names: SimpleResultMetaData
    made: list[Process | None]

    def filled_in(self, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
        """All its values."""
        values = self.values.copy()
        for place, name, process in self.given:
            values[place] = process(parameters[name]) if process else parameters[name]
        return tuple(values)

    def read(self, cursor: sqlite3.Cursor) -> Result:
        """What was found, or how many rows were changed."""
        rows = (
            tuple(made(value) if made else value for made, value in zip(self.made, row, strict=True))
            for row in cursor.fetchall()
        )
        result = Result(self.names, rows)
        result.rowcount = cursor.rowcount
        return result


class Connection(AsyncConnection):
    """A connection to SQLite that executes at once what is prepared, while somebody says so."""

    _at_once: sqlite_driver.Connection | None = None

    @contextmanager
    def brief(self) -> Iterator[None]:
        """In the block nothing makes a trip to SQLite's thread: each statement has to be a matter of microseconds."""
        driver = cast(sqlite_driver.Connection, self._sync.connection.driver_connection)
        with driver.brief():
            self._at_once = driver
            try:
                yield
            finally:
                self._at_once = None

    async def execute(self, statement: Executable, parameters: Any = None, **options: Any) -> Any:
        """As SQLAlchemy's own. Raises its errors."""
        if self._at_once is not None and self._at_once.is_here and not options:
            prepared = _prepared(self.dialect, statement, parameters or {})
            if prepared is not None:
                return self._execute(self._at_once.sqlite, prepared, parameters or {})
        return await super().execute(statement, parameters, **options)

    def _execute(self, sqlite: sqlite3.Connection, prepared: Prepared, parameters: Any) -> Result:
        is_many = not isinstance(parameters, Mapping)
        values = [prepared.filled_in(each) for each in parameters] if is_many else prepared.filled_in(parameters)
        for hear in self._sync.dispatch.before_cursor_execute:  # whoever listens hears of these, too
            hear(self._sync, None, prepared.sql, values, None, is_many)
        execute = sqlite.executemany if is_many else sqlite.execute
        try:
            return prepared.read(execute(prepared.sql, values))
        except sqlite3.Error as error:
            raise DBAPIError.instance(
                prepared.sql, None, error, sqlite3.Error, hide_parameters=True, dialect=self.dialect
            ) from error

    @property
    def _sync(self) -> SyncConnection:
        return cast(SyncConnection, self.sync_connection)  # None only before it is opened


class Engine(AsyncEngine):
    """An engine with such connections."""

    _connection_cls = Connection


_met: WeakKeyDictionary[Executable, dict[tuple[str, ...], Prepared | None]] = WeakKeyDictionary()


def _prepared(dialect: Dialect, statement: Executable, parameters: Any) -> Prepared | None:
    """None for what is met for the first time, or can't be prepared."""
    known = _met.get(statement)
    if known is None:
        _met[statement] = {}
        return None
    is_many = not isinstance(parameters, Mapping)
    names = tuple(parameters[0] if is_many else parameters)
    if names not in known:
        known[names] = _prepare(dialect, statement, names)
    prepared = known[names]
    return None if is_many and prepared is not None and prepared.made else prepared


def _prepare(dialect: Dialect, statement: Executable, names: tuple[str, ...]) -> Prepared | None:
    """None for what SQLAlchemy decides on anew each time, such as the length of a list."""
    if not isinstance(statement, Select | Insert | Update | Delete):
        return None
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    if not isinstance(compiled, SQLCompiler) or compiled.post_compile_params or compiled.literal_execute_params:
        return None
    defaults = {}
    for column in (*compiled.insert_prefetch, *compiled.update_prefetch):
        if not isinstance(column.default, ScalarElementColumnDefault):
            return None
        defaults[column.key] = column.default.arg
    values: list[Any] = []
    given: list[tuple[int, str, Process | None]] = []
    for place, name in enumerate(compiled.positiontup or ()):
        bind = compiled.binds[name]
        if bind.required and name not in names:
            return None
        process = _on_the_way_in(bind.type, dialect)
        if name in names:
            given.append((place, name, process))
            values.append(None)
        else:
            value = defaults.get(name, bind.effective_value)
            values.append(process(value) if process else value)
    returned = statement.exported_columns
    return Prepared(
        compiled.string,
        values,
        given,
        SimpleResultMetaData(list(map(str, returned.keys()))),
        [_on_the_way_out(column.type, dialect) for column in returned],
    )


def _on_the_way_in(kind: TypeEngine[Any], dialect: Dialect) -> Process | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _on_the_way_out(kind: TypeEngine[Any], dialect: Dialect) -> Process | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
