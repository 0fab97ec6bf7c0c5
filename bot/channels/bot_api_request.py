"""How python-telegram-bot reaches the Bot API: over aiohttp, by the library's own `BaseRequest`.

Its own client is httpx, which took two thirds of the processor time of a call. What a failure means is
told by its cause: `NEVER_SENT` begins before a byte of the request has left, all else may have arrived.
"""

import ssl
import urllib.request
from collections.abc import Mapping
from functools import cache
from typing import Any

import aiohttp
import httpx
from telegram._utils.defaultvalue import DefaultValue
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData
from telegram.request._requestparameter import RequestParameter

NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
POOL_SECONDS = 1.0
WRITE_SECONDS = 5.0
WRITE_FILE_SECONDS = 20.0
_AS_JSON = {"Content-Type": "application/json"}


class BotApiRequest(BaseRequest):
    """A pool of up to *connections* connections. Times in seconds; a call may name others for itself."""

    def __init__(self, *, connections: int, connect_timeout: float, read_timeout: float) -> None:
        self._connections = connections
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """How long an answer may take to begin, or to go on."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Make the pool; asks nothing of the network."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ssl=_authorities()),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
                # Looked for once: aiohttp would at each call.
                trust_env=bool(urllib.request.getproxies()),
            )

    async def shutdown(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, url: str, parameters: Mapping[str, Any]) -> Any:
        """What the Bot API answers, as it stands. Raises `TelegramError`.

        For what is called with every message: the library's own methods make objects of what goes out and of what
        comes back, which takes as long again as to send.
        """
        return await self.post(
            url, RequestData([RequestParameter(name, value, None) for name, value in parameters.items()])
        )

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """The status and the body of the answer. Raises `TimedOut` or `NetworkError` from aiohttp's error."""
        if self._session is None:
            raise RuntimeError("this request is not initialised")
        files = request_data.multipart_data if request_data else {}
        connect = _or(connect_timeout, self._connect_timeout)
        read = _or(read_timeout, self._read_timeout)
        write = _or(write_timeout, WRITE_FILE_SECONDS if files else WRITE_SECONDS)
        waiting = connect + _or(pool_timeout, POOL_SECONDS)
        timeout = aiohttp.ClientTimeout(
            total=waiting + write + read, connect=waiting, sock_connect=connect, sock_read=read
        )
        try:
            async with self._session.request(
                method,
                url,
                data=_body(request_data, files),
                headers=None if files or request_data is None else _AS_JSON,
                timeout=timeout,
                allow_redirects=False,
            ) as answer:
                return answer.status, await answer.read()
        except TimeoutError as error:
            error.args = ()  # its words name the address, and that the token
            raise TimedOut from error
        except aiohttp.ClientError as error:
            error.args = ()
            raise NetworkError(type(error).__name__) from error


@cache
def _authorities() -> ssl.SSLContext:
    """Those that httpx trusts, SSL_CERT_FILE included: they come with the service."""
    return httpx.create_ssl_context()


def _or(given: Any, usual: float) -> float:
    return usual if given is None or isinstance(given, DefaultValue) else float(given)


def _body(request_data: RequestData | None, files: dict[str, Any]) -> aiohttp.FormData | bytes | None:
    """JSON: the Bot API reads it as it does a form, and it is quicker made. Files are a form's."""
    if request_data is None:
        return None
    if not files:
        return request_data.json_payload
    form = aiohttp.FormData(request_data.json_parameters)
    for name, (file_name, content, kind) in files.items():
        form.add_field(name, content, filename=file_name, content_type=kind)
    return form
