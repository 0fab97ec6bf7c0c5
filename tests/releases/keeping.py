"""A release's database as SQL text, of either kind, and back into an empty database."""

import sqlite3
import subprocess
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from tests.support.postgres import BINARIES

KEPT = Path(__file__).parent / "kept"


def releases() -> list[Path]:
    """The folders of the releases kept, the oldest first; each has a file for each kind of database."""
    return sorted(folder for folder in KEPT.glob("*") if folder.is_dir())


def keep(url: str, folder: Path) -> Path:
    """Write the database at *url* into *folder* and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = _file(url, folder)
    file.write_text(_of_sqlite(url) if url.startswith("sqlite") else _of_postgresql(url), encoding="utf-8")
    return file


def put_back(folder: Path, url: str) -> None:
    """Fill the empty database at *url* with what is kept in *folder* of its kind."""
    kept = _file(url, folder).read_text(encoding="utf-8")
    if url.startswith("sqlite"):
        with sqlite3.connect(make_url(url).database or "") as connection:
            connection.executescript(kept)
        connection.close()
        return
    with psycopg.connect(_address(url)) as server:
        server.execute(kept.encode())


def _file(url: str, folder: Path) -> Path:
    return folder / f"{make_url(url).get_backend_name()}.sql"


def _of_sqlite(url: str) -> str:
    with sqlite3.connect(make_url(url).database or "") as connection:
        lines = list(connection.iterdump())
    connection.close()
    return "\n".join(lines) + "\n"


def _of_postgresql(url: str) -> str:
    """As pg_dump writes it, without what only psql understands."""
    command = [str(BINARIES / "bin" / "pg_dump"), "--inserts", "--no-owner", "--no-privileges", _address(url)]
    dumped = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line for line in dumped.splitlines() if line and not line.startswith(("--", "\\"))]
    return "\n".join(lines) + "\n"


def _address(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
