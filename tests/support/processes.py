"""Processes of the tests: the service as an operator starts it; none outlives the test that started it."""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx

from tests.support import run_folder

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 60
KOPPI = "admin.cli"
READY = b"ready\n"  # what the fork server says to whoever connects


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def die_with_us() -> None:
    """To be called in a child before it becomes the other program: even a killed test run leaves nothing behind.

    Linux only; elsewhere the `finally` of whoever started it has to do.
    """
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGQUIT)


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with *settings* as the only KOPPI_… ones."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KOPPI_")}
    return inherited | {"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"} | dict(settings)


async def launch(
    program: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, output: Path
) -> asyncio.subprocess.Process:
    """A new `python -m` *program* that stands in *folder* and appends what it says to the file *output*."""
    with output.open("ab") as written:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            cwd=folder,
            env=dict(environment),
            preexec_fn=die_with_us,
        )


class Forked:
    """A process that the fork server has started: what is needed of `asyncio.subprocess.Process`."""

    def __init__(self, pid: int, answers: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
        self.pid = pid
        self._connection = connection
        self._ended = asyncio.create_task(self._hear_of_its_end(answers))

    async def _hear_of_its_end(self, answers: asyncio.StreamReader) -> int:
        code = int(await answers.readline())
        self._connection.close()
        await self._connection.wait_closed()
        return code

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for the signal that killed it; None while it runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Its exit code, when it has ended."""
        return await asyncio.shield(self._ended)

    def send_signal(self, number: int) -> None:
        """Nothing happens once it has ended."""
        with contextlib.suppress(ProcessLookupError):
            if not self._ended.done():
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


Process = asyncio.subprocess.Process | Forked
Launch = Callable[[str, Sequence[str], Mapping[str, str], Path, Path], Awaitable[Process]]


@contextmanager
def fork_server(folder: Path) -> Iterator[Launch]:
    """Launches as `launch` does, in a fifth of the time: by a fork of the one server of all who share *folder*.

    The first of them starts it, and it ends with the last; see `tests.support.fork_server`.
    """
    path = folder / "forks"
    with run_folder.one_at_a_time(path):
        staying = _connected(path)
        if staying is None:
            path.unlink(missing_ok=True)
            _start_fork_server(path)
            staying = _connected(path)
    assert staying is not None

    async def fork(
        program: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, output: Path
    ) -> Forked:
        answers, connection = await asyncio.open_unix_connection(path)
        order = {
            "program": program,
            "arguments": arguments,
            "environment": environment,
            "folder": str(folder),
            "output": str(output),
        }
        connection.write(json.dumps(order).encode() + b"\n")
        assert await answers.readline() == READY
        return Forked(int(await answers.readline()), answers, connection)

    with staying:
        yield fork


def _connected(path: Path) -> socket.socket | None:
    """A connection to the fork server at *path*, which stays as long as it is open; None if there is no server."""
    connection = socket.socket(socket.AF_UNIX)
    with contextlib.suppress(FileNotFoundError, ConnectionError):
        connection.connect(str(path))
        if connection.recv(len(READY)) == READY:
            return connection
    connection.close()
    return None


def _start_fork_server(path: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.support.fork_server", str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env=environment({}),
    )
    assert server.stdout is not None
    assert server.stdout.readline(), "the fork server did not start"
    server.stdout.close()
    server.returncode = 0  # it ends with the last worker, which need not be this one: nobody waits for it


async def koppi(start: Launch, folder: Path, *arguments: str, **settings: str) -> tuple[int, str]:
    """Exit code and output of a `koppi` command that stands in *folder*, with its data in `data` there."""
    wanted = {"DATA_DIR": str(folder / "data"), **{name.upper(): text for name, text in settings.items()}}
    with tempfile.NamedTemporaryFile() as output:
        process = await start(
            KOPPI,
            arguments,
            environment({f"KOPPI_{name}": text for name, text in wanted.items()}),
            folder,
            Path(output.name),
        )
        return await process.wait(), output.read().decode()


class ServiceProcess:
    """A running `koppi serve`: its address, its folder, what it wrote to stderr."""

    def __init__(self, process: Process, port: int, data_dir: Path, log: Path) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.data_dir = data_dir
        self._log = log

    @property
    def log(self) -> str:
        """What the service wrote to stdout and stderr so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    async def becomes_ready(self) -> None:
        """Return once `/readyz` answers 200; fails with the log when it does not."""
        async with httpx.AsyncClient() as client:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(START_SECONDS):
                    while self.process.returncode is None:
                        with contextlib.suppress(httpx.TransportError):
                            if (await client.get(f"{self.url}/readyz")).status_code == 200:
                                return
                        await asyncio.sleep(0.03)
        raise AssertionError(f"the service did not become ready (exit code {self.process.returncode}):\n{self.log}")

    async def stops(self, number: int = signal.SIGTERM, within: float = 10.0) -> int:
        """Signal it and return its exit code; fails when it is still there after *within* seconds."""
        self.process.send_signal(number)
        async with asyncio.timeout(within):
            return await self.process.wait()


@asynccontextmanager
async def service(data_dir: Path, start: Launch = launch, **settings: str) -> AsyncIterator[ServiceProcess]:
    """The real service on *data_dir* with *settings* (names without KOPPI_), killed at the end if it still runs.

    It stands in its own folder, so that a developer's `.env` is not read.
    """
    data_dir.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else waits for this loop yet
    port = free_port()
    wanted = {"DATA_DIR": str(data_dir), "PORT": str(port), **{name.upper(): text for name, text in settings.items()}}
    log = data_dir / "stderr.log"
    process = await start(
        KOPPI, ["serve"], environment({f"KOPPI_{name}": text for name, text in wanted.items()}), data_dir, log
    )
    running = ServiceProcess(process, port, data_dir, log)
    try:
        await running.becomes_ready()
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
