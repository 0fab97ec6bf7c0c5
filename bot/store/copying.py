"""The whole database as files in a folder, as it was at one moment while others went on writing; and back from them.

SQLite's is one file, written compactly by VACUUM INTO: nothing of what was deleted goes along. PostgreSQL's is a file a
table, as COPY writes it in one snapshot; pg_dump would have to be of the server's version, and there.
"""

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from alembic.runtime.migration import MigrationContext
from psycopg import sql
from sqlalchemy import MetaData, create_engine, make_url

SQLITE_FILE = "koppi.sqlite3"
LOOK_AGAIN_SECONDS = 0.2
CHUNK = 1 << 20

Tell = Callable[[float], None]  # told of progress, 0.0 to 1.0


class NotCopied(Exception):
    """What can't be copied, and why, for an operator to read."""


@dataclass(frozen=True)
class Copy:
    """What is in the folder.

    Attributes
        kind: `sqlite` or `postgresql`; each goes back to its own kind.
        revision: of the schema.
        tables: name and columns of each, in an order in which what is referred to comes first; of PostgreSQL's alone.
        sequences: how far each has counted, for no number to be given twice; of PostgreSQL's alone.
    """

    kind: str
    revision: str
    tables: dict[str, list[str]] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)

    @property
    def files(self) -> list[str]:
        """The names of the files."""
        return [SQLITE_FILE] if self.kind == "sqlite" else [f"{table}.copy" for table in self.tables]


def copy(url: str, folder: Path, tell: Tell) -> Copy:
    """Copy the database at *url* into *folder*. Raises `NotCopied`."""
    is_file = make_url(url).get_backend_name() == "sqlite"
    try:
        return (
            _copy_file(Path(str(make_url(url).database)), folder, tell) if is_file else _copy_tables(url, folder, tell)
        )
    except (sqlite3.Error, psycopg.Error) as error:
        raise NotCopied(f"the database can't be read ({type(error).__name__}); see KOPPI_DATABASE_URL") from error


def is_empty(url: str) -> bool:
    """Whether there is no database at *url* yet, or one without a row. Raises `NotCopied`."""
    if make_url(url).get_backend_name() == "sqlite":
        path = Path(str(make_url(url).database))
        return not any(Path(f"{path}{end}").exists() for end in ("", "-wal", "-shm"))
    try:
        with psycopg.connect(_address(url)) as connection:
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'alembic_version'"
            ).fetchall()
            return not any(
                connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(name))).fetchone()
                for (name,) in tables
            )
    except psycopg.Error as error:
        raise NotCopied(f"the database can't be reached ({type(error).__name__}); see KOPPI_DATABASE_URL") from error


def put_file(folder: Path, url: str) -> None:
    """Put SQLite's file in *folder* in its place, where none is, once it is found whole. Raises `NotCopied`."""
    copied = folder / SQLITE_FILE
    try:
        with sqlite3.connect(copied) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchall()
        connection.close()
    except sqlite3.Error:
        found = []
    if found != [("ok",)]:
        raise NotCopied("the database in this backup is damaged")
    copied.chmod(0o600)
    copied.rename(str(make_url(url).database))


def put_tables(copied: Copy, folder: Path, url: str, tell: Tell) -> None:
    """Fill PostgreSQL's empty tables, which are of the copy's revision; all or nothing. Raises `NotCopied`."""
    try:
        with psycopg.connect(_address(url)) as connection, connection.cursor() as cursor:
            for done, (table, columns) in enumerate(copied.tables.items()):
                tell(done / len(copied.tables))
                into = sql.SQL("COPY {} ({}) FROM STDIN").format(_name(table), _names(columns))
                with (folder / f"{table}.copy").open("rb") as file, cursor.copy(into) as copying:
                    while chunk := file.read(CHUNK):
                        copying.write(chunk)
            for sequence, number in copied.sequences.items():
                cursor.execute("SELECT setval(quote_ident(%s)::regclass, %s)", [sequence, number])
    except psycopg.Error as error:
        raise NotCopied(
            f"PostgreSQL does not take this backup ({type(error).__name__}); nothing was changed"
        ) from error


def _copy_file(path: Path, folder: Path, tell: Tell) -> Copy:
    if not path.exists():
        raise NotCopied(f"there is no database at {path}")
    target = folder / SQLITE_FILE
    failed: list[sqlite3.Error] = []

    def vacuum() -> None:
        try:
            connection = sqlite3.connect(path, timeout=30)
            try:
                connection.execute("VACUUM INTO ?", [str(target)])
            finally:
                connection.close()
        except sqlite3.Error as error:
            failed.append(error)

    work = threading.Thread(target=vacuum, daemon=True)
    work.start()
    whole = max(1, path.stat().st_size)
    while work.is_alive():
        tell(min(1.0, target.stat().st_size / whole) if target.exists() else 0.0)
        work.join(LOOK_AGAIN_SECONDS)
    if failed:
        raise failed[0]
    with sqlite3.connect(target) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()
    return Copy("sqlite", revision)


def _copy_tables(url: str, folder: Path, tell: Tell) -> Copy:
    tables, revision = _described(url)
    with psycopg.connect(_address(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for done, (table, columns) in enumerate(tables.items()):
            tell(done / len(tables))
            out = sql.SQL("COPY {} ({}) TO STDOUT").format(_name(table), _names(columns))
            with (folder / f"{table}.copy").open("wb") as file, cursor.copy(out) as copying:
                for chunk in copying:
                    file.write(chunk)
        counted = cursor.execute(
            "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()"
        ).fetchall()
    return Copy("postgresql", revision, tables, {name: number for name, number in counted if number is not None})


def _described(url: str) -> tuple[dict[str, list[str]], str]:
    """The tables as they are there, not as this version would have them; and the revision that made them."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
            there = MetaData()
            there.reflect(connection)
    finally:
        engine.dispose()
    if revision is None:
        raise NotCopied("there is nothing in this database yet")
    described = [table for table in there.sorted_tables if table.name != "alembic_version"]
    return {table.name: [column.name for column in table.columns] for table in described}, revision


def _address(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _name(name: str) -> sql.Identifier:
    return sql.Identifier(name)


def _names(names: list[str]) -> Any:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)
