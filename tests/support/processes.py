"""Processes of the tests: the service as an operator starts it; none outlives the test that started it."""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 60


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


class ServiceProcess:
    """A running `koppi serve`: its address, its folder, what it wrote to stderr."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, data_dir: Path, log: Path) -> None:
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
async def service(data_dir: Path, **settings: str) -> AsyncIterator[ServiceProcess]:
    """The real service on *data_dir* with *settings* (names without KOPPI_), killed at the end if it still runs.

    It stands in its own folder, so that a developer's `.env` is not read.
    """
    data_dir.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else waits for this loop yet
    port = free_port()
    wanted = {"DATA_DIR": str(data_dir), "PORT": str(port), **{name.upper(): text for name, text in settings.items()}}
    path = data_dir / "stderr.log"
    with path.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "admin.cli",
            "serve",
            stdout=log,
            stderr=log,
            cwd=data_dir,
            env=environment({f"KOPPI_{name}": text for name, text in wanted.items()}),
            preexec_fn=die_with_us,
        )
    running = ServiceProcess(process, port, data_dir, path)
    try:
        await running.becomes_ready()
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
