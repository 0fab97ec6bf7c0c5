"""`python -m tests.support.fork_server SOCKET`: starts our programs without their second of imports.

One process for a whole test run has imported everything once. Each start is a fork of it with its own arguments,
environment, folder and output, and runs what `python -m` would: the same `main()`, in a process of its own.

A connection to SOCKET is one start: a line of JSON in, a line with the process id out, and a line with its exit code
once it has ended; a connection without a word keeps the server there. When the last one is closed the server ends, and
when the connection of a start is closed, so does its process: nothing outlives the test that started it.
"""

import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from admin import cli, invariants, run
from tests.releases import upgrading
from tests.support import crashing_koppi
from tests.support.processes import KOPPI, READY, START_SECONDS, die_with_us

PROGRAMS: dict[str, Callable[[], Any]] = {
    KOPPI: cli.main,
    "tests.support.crashing_koppi": lambda: crashing_koppi.main(sys.argv[1:]),
    "tests.releases.upgrading": upgrading.main,
}
IMPORTED_FOR_ALL = (invariants, run)  # by commands that need them; here before the first of them is started


class ForkServer:
    """Who is connected, and which process belongs to whom."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._ended, wakes = socket.socketpair()
        wakes.setblocking(False)
        signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
        self._wakes = wakes
        self._selector = selectors.DefaultSelector()
        for end in (self._listener, self._ended):
            self._selector.register(end, selectors.EVENT_READ)
        self._connections: dict[socket.socket, int | None] = {}

    def run(self) -> None:
        """Start what is asked for, until everybody who was connected has gone."""
        signal.signal(signal.SIGCHLD, lambda *_: None)  # it wakes the selector
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for who is connected; when they go, it ends
        while True:
            for key, _ in self._selector.select(START_SECONDS):
                if key.fileobj is self._listener:
                    self._welcome()
                elif key.fileobj is self._ended:
                    self._ended.recv(4096)
                    self._tell_who_has_ended()
                else:
                    self._listen(key.fileobj)  # type: ignore[arg-type]
            if not self._connections:
                return

    def _welcome(self) -> None:
        connection, _ = self._listener.accept()
        connection.sendall(READY)  # an answer that does not come tells of a server about to end
        self._connections[connection] = None
        self._selector.register(connection, selectors.EVENT_READ)

    def _listen(self, connection: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            if order := connection.makefile("rb").readline():
                self._start(connection, json.loads(order))
                return
        self._part(connection)

    def _start(self, connection: socket.socket, order: dict[str, Any]) -> None:
        child = os.fork()
        if child == 0:
            self._leave()
            _become(**order)
        self._connections[connection] = child
        with contextlib.suppress(ConnectionError):
            connection.sendall(f"{child}\n".encode())

    def _leave(self) -> None:
        """In the child: nothing of the server's is its own."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._selector.close()
        for end in (self._listener, self._ended, self._wakes, *self._connections):
            end.close()

    def _part(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()
        if child := self._connections.pop(connection):
            os.kill(child, signal.SIGKILL)  # not waited for yet, so that the number is still its own

    def _tell_who_has_ended(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                child, status = os.waitpid(-1, os.WNOHANG)
                if child == 0:
                    return
                for connection in [whose for whose, started in self._connections.items() if started == child]:
                    self._connections[connection] = None
                    with contextlib.suppress(ConnectionError):
                        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _become(program: str, arguments: list[str], environment: dict[str, str], folder: str, output: str) -> None:
    """Be *program* in *folder*, writing to the file *output*; never returns."""
    code = 1
    try:
        die_with_us()
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(written, 1)
        os.dup2(written, 2)
        os.close(written)
        sys.argv = [program, *arguments]
        PROGRAMS[program]()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def main(path: Path) -> None:
    """Listen at *path*; a line on standard output tells that it does."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        gc.collect()
        gc.freeze()  # what all share is not to be looked through, and thereby copied, by each of them
        print("listening", flush=True)
        ForkServer(listener).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
