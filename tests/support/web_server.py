"""A web server in this process that a test starts and stops."""

import asyncio
import contextlib
import socket

import uvicorn
from starlette.applications import Starlette

STOP_SECONDS = 3


class WebServer(uvicorn.Server):
    """uvicorn on loopback, without the tenths of a second it waits for its end: a test has one of its own."""

    async def start(self, listener: socket.socket | None = None) -> None:
        """Return once it takes requests, on *listener* where there is one already."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup(sockets=[listener] if listener else None)
        await self.on_tick(0)  # makes the date header

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port

    async def stop(self, patience: float = STOP_SECONDS) -> None:
        """Take nothing new, and wait *patience* seconds at most for what is being answered."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        state = self.server_state
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
                    await asyncio.sleep(0.005)
        for task in state.tasks:
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)


def web_server(app: Starlette, port: int = 0) -> WebServer:
    """A server of *app*, to be started; on a free port unless one is named."""
    return WebServer(
        uvicorn.Config(app, port=port, lifespan="off", log_config=None, access_log=False, proxy_headers=False)
    )
