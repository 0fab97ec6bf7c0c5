"""A small HTTP/1.1 server for fakes: it answers what it is told to, and can also fall silent or break the connection.

A web framework would answer politely whatever happens; a fake network must be able to be rude.
"""

import asyncio
import email.parser
import email.policy
import json
import socket
import struct
import urllib.parse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self


@dataclass(frozen=True)
class Request:
    """One request; *path* without the query, *fields* from the query and the body (form, multipart or JSON)."""

    method: str
    path: str
    headers: dict[str, str]
    fields: dict[str, Any]


@dataclass(frozen=True)
class Response:
    """What is answered: *body* as JSON, or as it stands when it is bytes."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class File(bytes):
    """A file of a multipart form, with the *name* it came under."""

    name: str

    def __new__(cls, content: bytes, name: str) -> Self:
        file = super().__new__(cls, content)
        file.name = name
        return file


class Silence(Exception):
    """Answer nothing and keep the connection open."""


class Reset(Exception):
    """Break the connection as a lost network does."""


class Torn(Exception):
    """Break the connection in the middle of an answer."""


Handler = Callable[[Request], Awaitable[Response]]


class HttpServer:
    """Serves *handler* on a loopback port (a free one unless named) while the context lasts."""

    def __init__(self, handler: Handler, port: int = 0) -> None:
        self._handler = handler
        self._connections: set[_Connection] = set()
        self.port = port

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self._handler, self._connections), "127.0.0.1", self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        handling = [connection.hang_up() for connection in list(self._connections)]
        await asyncio.gather(*(task for task in handling if task), return_exceptions=True)
        await self._server.wait_closed()


class _Connection(asyncio.Protocol):
    """One client's connection: requests one after the other. A client that hangs up ends its request's handling."""

    def __init__(self, handler: Handler, everyone: "set[_Connection]") -> None:
        self._handler = handler
        self._everyone = everyone
        self._received = bytearray()
        self._answering: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._everyone.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._everyone.discard(self)
        if self._answering:
            self._answering.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._answer_next()

    def hang_up(self) -> asyncio.Task[None] | None:
        """Break the connection; returns what was being answered."""
        self._transport.abort()
        if self._answering:
            self._answering.cancel()
        return self._answering

    def _answer_next(self) -> None:
        if self._answering is None and (request := _take(self._received)):
            self._answering = asyncio.create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        try:
            response = await self._handler(request)
        except Silence:
            return
        except Reset:
            _set_linger_zero(self._transport)
            self._transport.abort()
            return
        except Torn:
            self._transport.write(_as_bytes(Response(body={"ok": True, "result": {}}))[:-7])
            self._transport.close()
            return
        self._transport.write(_as_bytes(response))
        self._answering = None
        self._answer_next()


def _take(received: bytearray) -> Request | None:
    """The first whole request in *received*, taken out of it; None while it isn't whole."""
    end = received.find(b"\r\n\r\n")
    if end == -1:
        return None
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    whole = end + 4 + int(headers.get("content-length", "0"))
    if len(received) < whole:
        return None
    body = bytes(received[end + 4 : whole])
    del received[:whole]
    method, target, _ = first.split(" ", 2)
    path, _, query = target.partition("?")
    fields: dict[str, Any] = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    return Request(method, path, headers, fields | _fields(headers.get("content-type", ""), body))


def _fields(content_type: str, body: bytes) -> dict[str, Any]:
    if content_type.startswith("application/json"):
        return json.loads(body)  # type: ignore[no-any-return]
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
    if content_type.startswith("multipart/form-data"):
        whole = b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
        parts = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(whole).iter_parts()
        return {str(part.get_param("name", header="content-disposition")): _part(part) for part in parts}
    return {}


def _part(part: Any) -> str | bytes:
    content: bytes = part.get_payload(decode=True)
    return File(content, part.get_filename()) if part.get_filename() else content.decode()


def _as_bytes(response: Response) -> bytes:
    body = response.body if isinstance(response.body, bytes) else json.dumps(response.body).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **response.headers}
    head = f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return head.encode("latin-1") + b"\r\n" + body


def _set_linger_zero(transport: asyncio.Transport) -> None:
    """Closing then sends RST instead of FIN, which is what a client sees of a lost network."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
