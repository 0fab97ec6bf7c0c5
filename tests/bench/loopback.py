"""A Bot API on loopback as a process of its own, lean enough not to be what is measured: it loads a bot and times it.

`POST /load` with JSON brings messages, one from each of so many people, all at once or so many a second, and answers
once each has got a reply: how long it took, and each person's wait. `tests.support.fake_telegram` judges every call
and is some times slower; here a call is believed.
"""

import asyncio
import json
import time
from collections import deque
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from tests.support.fake_telegram import BOT
from tests.support.http_server import HttpServer, Request, Response

CONNECTIONS = 40  # at once to a webhook, as Telegram's default
TRIES_AGAIN_SECONDS = 0.02
FIRST_UPDATE = 500_000_001


class Loopback:
    """Updates out by poll or webhook, replies in."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._news = asyncio.Event()
        self._next_id = FIRST_UPDATE
        self._message_id = 0
        self._is_there = asyncio.Event()  # the bot
        self._hooks: list[str] = []
        self._secret = ""
        self._posting: list[asyncio.Task[None]] = []
        self._said: dict[int, float] = {}  # by chat: when they spoke, until they have a reply
        self._waits: list[float] = []
        self._all_heard = asyncio.Event()
        self._sends = 0

    async def serve(self, request: Request) -> Response:
        """Answer one call."""
        method = request.path.rpartition("/")[2]
        match method.lower():
            case "sendmessage":
                return Response(body={"ok": True, "result": self._hear(request.fields)})
            case "getupdates":
                return Response(body=await self._updates(request.fields))
            case "load":
                return Response(body=await self._load(**request.fields))
            case "getme":
                return Response(body={"ok": True, "result": BOT})
            case "setwebhook":
                self._secret = request.fields.get("secret_token", "")
                self._post_to(request.fields["url"])
        return Response(body={"ok": True, "result": True})

    def _hear(self, fields: dict[str, Any]) -> dict[str, Any]:
        chat, self._message_id, self._sends = int(fields["chat_id"]), self._message_id + 1, self._sends + 1
        if (said := self._said.pop(chat, None)) is not None:
            self._waits.append(time.perf_counter() - said)
            if not self._said:
                self._all_heard.set()
        where = {"id": chat, "type": "private", "first_name": "X"}
        return {"message_id": self._message_id, "date": 1, "chat": where, "from": BOT, "text": fields["text"]}

    async def _updates(self, fields: dict[str, Any]) -> bytes:
        self._is_there.set()
        offset = int(fields.get("offset") or 0)
        while self._waiting and self._waiting[0][0] < offset:
            self._waiting.popleft()
        if not self._waiting:
            self._news.clear()
            try:
                async with asyncio.timeout(min(25, int(fields.get("timeout") or 0))):
                    await self._news.wait()
            except TimeoutError:
                pass
        limit = min(len(self._waiting), int(fields.get("limit") or 100))
        return b'{"ok":true,"result":[' + b",".join(self._waiting[place][1] for place in range(limit)) + b"]}"

    async def _load(self, *, texts: list[str], first_chat: int, per_second: float = 0) -> dict[str, Any]:
        """One message from each of as many people as there are *texts*; all at once without *per_second*."""
        await self._is_there.wait()
        self._waits, self._sends = [], 0
        self._all_heard.clear()
        began = time.perf_counter()
        self._said = dict.fromkeys(range(first_chat, first_chat + len(texts)), 0.0)
        for number, text in enumerate(texts):
            if per_second and (early := began + number / per_second - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            self._say(first_chat + number, text)
        async with asyncio.timeout(120):
            await self._all_heard.wait()
        return {"seconds": time.perf_counter() - began, "waits": self._waits, "sends": self._sends}

    def _say(self, chat: int, text: str) -> None:
        sender = {"id": chat, "is_bot": False, "first_name": "X", "language_code": "fi"}
        where = {"id": chat, "type": "private", "first_name": "X"}
        message = {"message_id": self._next_id, "date": int(time.time()), "chat": where, "from": sender, "text": text}
        update = {"update_id": self._next_id, "message": message}
        self._said[chat] = time.perf_counter()
        self._waiting.append((self._next_id, json.dumps(update).encode()))
        self._next_id += 1
        self._news.set()

    def _post_to(self, url: str) -> None:
        """Also to *url*: several processes take turns, as behind a proxy."""
        self._is_there.set()
        if url not in self._hooks:
            self._hooks.append(url)
            for task in self._posting:
                task.cancel()
            hooks = [self._hooks[number % len(self._hooks)] for number in range(CONNECTIONS)]
            self._posting = [asyncio.create_task(self._post(hook)) for hook in hooks]

    async def _post(self, url: str) -> None:
        """Post what waits, one after the other over one connection; what is refused or not answered, again."""
        to = urlsplit(url)
        head = f"POST {to.path} HTTP/1.1\r\nHost: {to.netloc}\r\nContent-Type: application/json\r\n"
        head += f"X-Telegram-Bot-Api-Secret-Token: {self._secret}\r\nContent-Length: "
        connection = None
        while True:
            if not self._waiting:
                self._news.clear()
                await self._news.wait()
                continue
            number, body = self._waiting.popleft()
            try:
                connection = connection or await asyncio.open_connection("127.0.0.1", to.port)
                reader, writer = connection
                writer.write(f"{head}{len(body)}\r\n\r\n".encode() + body)
                if await _status(reader) == HTTPStatus.OK:
                    continue
            except (OSError, asyncio.IncompleteReadError):  # not listening yet, or gone after some idle seconds
                connection = None
            self._waiting.appendleft((number, body))
            await asyncio.sleep(TRIES_AGAIN_SECONDS)


async def _status(reader: asyncio.StreamReader) -> int:
    """Of one answer, read to its end."""
    answer = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, _, after = answer.partition(b"content-length:")
    await reader.readexactly(int(after.split(b"\r\n")[0] or 0))
    return int(answer.split(b" ", 2)[1])


async def main() -> None:
    """Serve until killed; the first line says on which port."""
    loopback = Loopback()
    async with HttpServer(loopback.serve) as server:
        print(server.port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
