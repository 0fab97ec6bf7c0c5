"""A Bot API on loopback as a process of its own, lean enough not to be what is measured: it loads a bot and times it.

`POST /load` with JSON brings messages, one from each of so many people, all at once or so many a second, and answers
once each has got a reply: how long it took, and each person's wait. `tests.support.fake_telegram` judges every call
and is some times slower; here a call is believed.
"""

import asyncio
import json
import time
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from tests.support.fake_telegram import BOT
from tests.support.http_server import HttpServer, Request, Response

CONNECTIONS = 40  # at once to a webhook, as Telegram's default
FIRST_UPDATE = 500_000_001


class Loopback:
    """Updates out by poll or webhook, replies in."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._news = asyncio.Event()
        self._next_id = FIRST_UPDATE
        self._message_id = 0
        self._hook: str | None = None
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
                self.secret = request.fields.get("secret_token", "")
                self._set_hook(request.fields["url"])
            case "deletewebhook":
                self._set_hook(None)
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

    def _set_hook(self, url: str | None) -> None:
        if url == self._hook:
            return
        self._hook = url
        for task in self._posting:
            task.cancel()
        self._posting = [asyncio.create_task(self._post(url)) for _ in range(CONNECTIONS)] if url else []

    async def _post(self, url: str) -> None:
        """Post what waits, one after the other over one connection; what fails is lost, and the load never ends."""
        to = urlsplit(url)
        head = f"POST {to.path} HTTP/1.1\r\nHost: {to.netloc}\r\nContent-Type: application/json\r\n"
        head += "X-Telegram-Bot-Api-Secret-Token: " + self.secret + "\r\nContent-Length: "
        writer = None
        while True:
            if not self._waiting:
                self._news.clear()
                await self._news.wait()
                continue
            _, body = self._waiting.popleft()
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", to.port)
            writer.write(f"{head}{len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
            )
            await reader.readexactly(length)
            if b" 200 " not in answer[:16]:
                raise RuntimeError(answer.decode())

    secret = ""


async def main() -> None:
    """Serve until killed; the first line says on which port."""
    loopback = Loopback()
    async with HttpServer(loopback.serve) as server:
        print(server.port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
