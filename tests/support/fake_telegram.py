"""A Telegram of our own on loopback: it speaks the Bot API over HTTP, judges every request and acts for the people.

What a request gets wrong is answered as Telegram answers it and kept in `violations`; a test that lets one happen
fails.
`accepted` is the truth about what people saw, in order: what was delivered and then went wrong is in it too.
"""

import asyncio
import contextlib
import json
import re
import struct
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import httpx

from tests.support import bot_api, telegram_html
from tests.support.bot_api import BadRequest
from tests.support.http_server import File, HttpServer, Request, Reset, Response, Silence, Torn
from tests.support.telegram_faults import Fault, refusal
from tests.support.telegram_updates import Pending, TakenOver, UpdateQueue

TOKEN = "100200300:test-token-of-the-fake"
BOT = {"id": 100200300, "is_bot": True, "first_name": "Otappa koppi", "username": "otappa_koppi_bot"}
MESSAGE_LIMIT = 4096
CAPTION_LIMIT = 1024
FILE_LIMIT = 50_000_000  # bytes
CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
Parameters = dict[str, Any]
WEBHOOK_IS_SET = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


@dataclass(frozen=True)
class Button:
    """A button as people see it, and the data it carries back."""

    label: str
    data: str


@dataclass(frozen=True)
class Accepted:
    """One message that Telegram took: *text* as people see it, *at* in the fake's seconds."""

    chat: int
    message_id: int
    text: str
    entities: tuple[telegram_html.Entity, ...]
    buttons: tuple[Button, ...]
    at: float
    method: str = "sendMessage"
    answers: int | None = None  # the message in this chat that it is a reply to
    thread: int | None = None  # the forum topic it stands in
    file: File | None = None

    @property
    def labels(self) -> list[str]:
        """What the buttons say."""
        return [button.label for button in self.buttons]


@dataclass
class _Scripted:
    fault: Fault
    times: int
    chat: int | None
    method: str


@dataclass
class _Webhook:
    url: str = ""
    secret: str = ""
    last_error: str = ""
    posting: dict[int, asyncio.Task[None]] = field(default_factory=dict)


class _Refused(Exception):
    """The call is answered with this error, and that is no fault of the caller's."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.response = refusal(status, description, **parameters)


class FakeTelegram:
    """Use it as a context manager; `url` is what KOPPI_TELEGRAM_API is set to, `TOKEN` the only token it knows.

    With *keeps_limits* it answers 429 beyond 30 messages a second, one a second in a chat and 20 a minute in a group.
    """

    def __init__(
        self,
        *,
        keeps_limits: bool = False,
        clock: Callable[[], float] = time.monotonic,
        first_update_id: int = 500_000_001,
        webhook_retry_seconds: float = 0.05,
    ) -> None:
        self._clock = clock
        self._server = HttpServer(self._serve)
        self._updates = UpdateQueue(clock, first_update_id)
        self._webhook = _Webhook()
        self._webhook_retry_seconds = webhook_retry_seconds
        self.keeps_limits = keeps_limits
        self._news = asyncio.Condition()
        self._heard: defaultdict[int, int] = defaultdict(int)
        self._chats: dict[int, dict[str, Any]] = {}
        self._blocked: set[int] = set()
        self._scripted: list[_Scripted] = []
        self._lately: deque[tuple[int, Any]] = deque(maxlen=200)  # updates, with their chats
        self._message_ids: defaultdict[int, int] = defaultdict(int)
        self._shown: defaultdict[int, dict[int, Accepted]] = defaultdict(dict)
        self._sent_at: deque[tuple[float, int]] = deque()
        self._queries: set[str] = set()
        self._said: dict[tuple[int, int], dict[str, Any]] = {}
        self._upgraded: dict[int, int] = {}
        self.forums: set[int] = set()  # groups with topics, where the bot may open some
        self.topics: defaultdict[int, dict[int, str]] = defaultdict(dict)  # by group: thread id → name
        self.moderated: set[int] = set()  # groups where the bot may delete what others wrote
        self.wall: Callable[[], float] = time.time  # the time that people's messages bear
        self.latency = 0.0
        self.accepted: defaultdict[int, list[Accepted]] = defaultdict(list)
        self.issued: list[int] = []  # the id of every update, duplicates once each time
        self.violations: list[str] = []
        self.calls: defaultdict[str, int] = defaultdict(int)
        self.refused_with_429 = 0
        self.under_way = 0  # calls besides getUpdates that are being answered, and the most there ever were at once
        self.most_under_way = 0
        self.commands: dict[str, list[dict[str, str]]] = {}
        self.answered_queries: dict[str, str] = {}  # with the text that whoever pressed was shown

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        self._client = httpx.AsyncClient(timeout=10)
        self._posting = asyncio.create_task(self._post_updates())
        return self

    async def __aexit__(self, *_error: object) -> None:
        tasks = [self._posting, *self._webhook.posting.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()
        await self._server.__aexit__()

    @property
    def url(self) -> str:
        """The address of this Bot API."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def webhook_secret(self) -> str:
        """The secret that a webhook of the bot's is called with."""
        return self._webhook.secret

    @property
    def unconfirmed(self) -> list[int]:
        """Ids of the updates that the bot has not confirmed yet."""
        return [pending.update_id for pending in self._updates.waiting()]

    # --- people ---------------------------------------------------------------------------------------------------

    async def says(self, chat: int, text: str, **fields: Any) -> int:
        """Someone writes *text* (a command is marked as Telegram marks it). Returns the update's id."""
        if text.startswith("/"):
            length = len(text.split()[0])
            fields = {"entities": [{"type": "bot_command", "offset": 0, "length": length}], **fields}
        return await self._message(chat, {"text": text, **fields})

    async def sends_photo(self, chat: int, caption: str | None = None) -> int:
        """Someone sends a picture."""
        size = {"file_id": "p1", "file_unique_id": "u1", "width": 90, "height": 90, "file_size": 1000}
        return await self._message(chat, {"photo": [size]} | ({"caption": caption} if caption else {}))

    async def sends_voice(self, chat: int) -> int:
        """Someone sends a voice message."""
        return await self._message(chat, {"voice": {"file_id": "v1", "file_unique_id": "u2", "duration": 3}})

    async def sends_sticker(self, chat: int) -> int:
        """Someone sends a sticker."""
        looks = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        return await self._message(chat, {"sticker": {"file_id": "s1", "file_unique_id": "u3", **looks}})

    async def sends_location(self, chat: int) -> int:
        """Someone sends where they are."""
        return await self._message(chat, {"location": {"latitude": 65.01, "longitude": 25.47}})

    async def sends_document(self, chat: int) -> int:
        """Someone sends a file."""
        return await self._message(chat, {"document": {"file_id": "d1", "file_unique_id": "u4"}})

    async def replies(self, group: int, to: int, by: int, text: str = "", **fields: Any) -> int:
        """*by* answers the message *to* of the bot's in a group."""
        answered = self._as_result(self._shown[group][to], None)
        content = {"text": text} if text else {}
        return await self._message(group, {"from": _person(by), "reply_to_message": answered, **content, **fields})

    async def edits(self, chat: int, text: str) -> int:
        """Someone changes their last message into *text*."""
        message_id = max(number for spoken_in, number in self._said if spoken_in == chat)
        edited = {**self._said[chat, message_id], "text": text, "edit_date": int(self.wall())}
        return await self._bring("edited_message", edited, chat)

    async def presses(self, chat: int, label: str, by: int | None = None) -> int:
        """Someone (in a group: *by*) presses the newest button with this *label*."""
        for message in reversed(self._shown[chat].values()):
            for button in message.buttons:
                if button.label == label:
                    return await self.presses_data(chat, button.data, message.message_id, by)
        seen = [message.labels for message in self._shown[chat].values()]
        raise AssertionError(f"no button {label!r} in chat {chat}; there are {seen}")

    async def presses_data(self, chat: int, data: str, message_id: int = 1, by: int | None = None) -> int:
        """A press that carries *data*, as a forger could send it."""
        query_id = f"query-{self._updates.next_id}"
        self._queries.add(query_id)
        message = {"message_id": message_id, "date": int(time.time()), "chat": self._chat(chat), "text": "…"}
        query = {"id": query_id, "from": _person(by or chat), "message": message}
        return await self._bring("callback_query", {**query, "chat_instance": str(chat), "data": data}, chat)

    def next_number(self, chat: int) -> int:
        """Which number the next message in *chat* gets, whoever writes it."""
        return self._message_ids[chat] + 1

    def meets(self, chat: int) -> None:
        """The bot is in this chat, and may write there."""
        self._chat(chat)

    async def blocks(self, chat: int) -> int:
        """Someone blocks the bot."""
        self._blocked.add(chat)
        return await self._member(chat, "member", "kicked")

    async def joins(self, group: int) -> int:
        """Someone adds the bot to a group."""
        return await self._member(group, "left", "member")

    async def upgrades(self, group: int, to: int, *, is_told: bool = True, ids_after: int = 0) -> None:
        """A group becomes the supergroup *to*, where no message has its old id; *is_told*: with a service message.

        *ids_after*: beyond which message id those of the supergroup begin.
        """
        self._upgraded[group] = to
        self.meets(to)
        self._message_ids[to] = ids_after
        self._shown.pop(group, None)
        if is_told:
            await self._message(group, {"migrate_to_chat_id": to})

    async def unblocks(self, chat: int) -> int:
        """Someone takes the bot back."""
        self._blocked.discard(chat)
        return await self._member(chat, "kicked", "member")

    async def hears(self, chat: int, within: float = 30.0) -> Accepted:
        """The next message to *chat* that was not heard yet; fails when none comes *within* so many seconds."""
        async with self._news:
            try:
                async with asyncio.timeout(within):
                    await self._news.wait_for(lambda: self.unheard(chat))
            except TimeoutError:
                raise AssertionError(f"chat {chat} heard nothing within {within} s; {self.violations}") from None
        heard = self.unheard(chat)[0]
        self._heard[chat] += 1
        return heard

    def unheard(self, chat: int) -> list[Accepted]:
        """What *chat* got and nobody has listened to yet."""
        return self.accepted[chat][self._heard[chat] :]

    def sees(self, chat: int) -> list[str]:
        """The bot's messages as they stand in *chat* now, edited and deleted ones accounted for."""
        return [message.text for message in self._shown[chat].values()]

    def shows(self, chat: int) -> list[Accepted]:
        """The same, with their buttons."""
        return list(self._shown[chat].values())

    # --- the network's whims --------------------------------------------------------------------------------------

    def mends(self) -> None:
        """What was to fail and hasn't yet, won't."""
        self._scripted.clear()

    def fails(self, fault: Fault, *, times: int = 1, chat: int | None = None, method: str = "sendMessage") -> None:
        """The next *times* calls of *method* (to *chat*) meet this *fault*."""
        self._scripted.append(_Scripted(fault, times, chat, method))

    async def brings(self, body: Any, *, chat: int = 0) -> int:
        """An update just as *body* has it, malformed or not; a dictionary without an `update_id` gets the next one."""
        if isinstance(body, dict) and "update_id" not in body:
            body = {"update_id": self.take_id(), **body}
        found = body.get("update_id") if isinstance(body, dict) else None
        is_one = isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**63
        update_id = found if is_one else self._updates.next_id - 1  # confirmed with the one before it
        if is_one:
            self.issued.append(update_id)
        self._lately.append((chat, body))
        await self._updates.add(update_id, chat, body)
        return update_id

    async def brings_again(self, number: int) -> None:
        """The last so many updates once more, as after a confirmation that was lost."""
        for chat, body in list(self._lately)[-number:]:
            await self.brings(body, chat=chat)

    async def repeats(self, update_id: int, chat: int, text: str) -> None:
        """A message under an update id that was there before, as after a lost confirmation."""
        await self.brings({"update_id": update_id, "message": self._as_message(chat, {"text": text})}, chat=chat)

    def continues_ids_at(self, update_id: int) -> None:
        """The next update gets this id: after a quiet week the real series begins anywhere."""
        self._updates.next_id = update_id

    # --- inside ---------------------------------------------------------------------------------------------------

    def take_id(self) -> int:
        """The next update's id, for an update made by hand."""
        update_id = self._updates.next_id
        self._updates.next_id += 1
        return update_id

    def _chat(self, chat: int) -> dict[str, Any]:
        group = {"type": "supergroup" if chat < -(10**12) else "group", "title": "Neuvojat"}
        kind = {"type": "private", "first_name": "X"} if chat > 0 else group
        return self._chats.setdefault(chat, {"id": chat, **kind})

    def _as_message(self, chat: int, content: dict[str, Any]) -> dict[str, Any]:
        self._message_ids[chat] += 1
        number = self._message_ids[chat]
        message = {"message_id": number, "date": int(self.wall()), "chat": self._chat(chat), "from": _person(chat)}
        kept = {name: content[name] for name in ("from", "reply_to_message") if name in content}
        self._said[chat, number] = message | kept
        return message | content

    async def _message(self, chat: int, content: dict[str, Any]) -> int:
        return await self._bring("message", self._as_message(chat, content), chat)

    async def _member(self, chat: int, before: str, after: str) -> int:
        states = [{"user": BOT, "status": status, "until_date": 0} for status in (before, after)]
        change = {"chat": self._chat(chat), "from": _person(chat), "date": int(time.time())}
        return await self._bring(
            "my_chat_member", {**change, "old_chat_member": states[0], "new_chat_member": states[1]}, chat
        )

    async def _bring(self, kind: str, content: dict[str, Any], chat: int) -> int:
        update_id = self.take_id()
        if self._updates.takes(kind):
            await self.brings({"update_id": update_id, kind: content}, chat=chat)
        return update_id

    async def _serve(self, request: Request) -> Response:
        head, _, method = request.path.strip("/").rpartition("/")
        if head != f"bot{TOKEN}":
            return refusal(401, "Unauthorized") if head.startswith("bot") else refusal(404, "Not Found")
        self.calls[method] += 1
        self.under_way += method != "getUpdates"
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._judge(method, request)
        finally:
            self.under_way -= method != "getUpdates"

    async def _judge(self, method: str, request: Request) -> Response:
        if not bot_api.knows(method) or not hasattr(self, f"_on_{_snake(method)}"):
            self.violations.append(f"{method} is no method of the Bot API, or not one this fake knows")
            return refusal(404, "Not Found: method not found")
        try:
            parameters = bot_api.read(method, request.fields)
            return await self._act(method, parameters)
        except BadRequest as fault:
            self.violations.append(f"{method}: {fault}")
            return refusal(400, f"Bad Request: {fault}")
        except _Refused as refused:
            return refused.response
        except (Silence, Reset, Torn, asyncio.CancelledError):
            raise
        except Exception as fault:
            self.violations.append(f"the fake itself failed on {method}: {fault!r}")
            return refusal(500, "Internal Server Error")

    async def _act(self, method: str, parameters: Parameters) -> Response:
        fault = self._next_fault(method, parameters.get("chat_id"))
        if wait := fault.seconds + (0.0 if method == "getUpdates" else self.latency):
            await asyncio.sleep(wait)
        result = None
        if fault.accepts:
            result = await getattr(self, f"_on_{_snake(method)}")(parameters)
        if isinstance(fault.answer, Response):
            return fault.answer
        if fault.answer is not None:
            raise fault.answer
        return Response(body={"ok": True, "result": result})

    def _next_fault(self, method: str, chat: int | None) -> Fault:
        for scripted in self._scripted:
            if scripted.method == method and scripted.times > 0 and scripted.chat in (None, chat):
                scripted.times -= 1
                return scripted.fault
        return Fault(accepts=True)

    # --- methods: updates -----------------------------------------------------------------------------------------

    async def _on_get_me(self, _sent: Parameters) -> Any:
        return {**BOT, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    async def _on_get_updates(self, sent: Parameters) -> Any:
        if self._webhook.url:
            raise _Refused(409, WEBHOOK_IS_SET)
        self._updates.allowed = sent.get("allowed_updates", self._updates.allowed)
        limit, seconds = min(100, max(1, sent.get("limit", 100))), min(50, max(0, sent.get("timeout", 0)))
        try:
            return await self._updates.get(sent.get("offset", 0), limit, seconds)
        except TakenOver:
            raise _Refused(409, CONFLICT) from None

    async def _on_set_webhook(self, sent: Parameters) -> Any:
        url, secret = sent["url"], sent.get("secret_token", "")
        if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise BadRequest("bad webhook: An HTTPS URL must be provided for webhook")
        if not all(character.isascii() and (character.isalnum() or character in "_-") for character in secret):
            raise BadRequest("secret token contains unallowed characters")
        self._webhook.url, self._webhook.secret = url, secret
        self._updates.allowed = sent.get("allowed_updates", self._updates.allowed)
        if sent.get("drop_pending_updates"):
            self._updates.clear()
        return True

    async def _on_delete_webhook(self, sent: Parameters) -> Any:
        self._webhook.url = ""
        if sent.get("drop_pending_updates"):
            self._updates.clear()
        return True

    async def _on_get_webhook_info(self, _sent: Parameters) -> Any:
        info = {"url": self._webhook.url, "has_custom_certificate": False}
        info |= {"pending_update_count": len(self._updates.waiting())}
        return info | ({"last_error_message": self._webhook.last_error} if self._webhook.last_error else {})

    async def _post_updates(self) -> None:
        """To the webhook, when there is one: one update at a time for each chat, others meanwhile."""
        while True:
            for pending in self._updates.waiting() if self._webhook.url else []:
                if pending.chat not in self._webhook.posting:
                    task = asyncio.create_task(self._post(pending))
                    self._webhook.posting[pending.chat] = task
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self._updates.changed()

    async def _post(self, pending: Pending) -> None:
        pause = self._webhook_retry_seconds
        try:
            while self._webhook.url and not await self._post_once(pending):
                await asyncio.sleep(pause)
                pause = min(60, pause * 2)
            if self._webhook.url:
                self._updates.drop(pending)
        finally:
            self._webhook.posting.pop(pending.chat, None)

    async def _post_once(self, pending: Pending) -> bool:
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": self._webhook.secret}
        try:
            content = json.dumps(pending.body).encode()
            response = await self._client.post(self._webhook.url, content=content, headers=headers)
        except httpx.HTTPError as fault:
            self._webhook.last_error = f"Connection failed ({type(fault).__name__})"
            return False
        if not response.is_success:
            self._webhook.last_error = f"Wrong response from the webhook: {response.status_code}"
        return response.is_success

    # --- methods: messages ----------------------------------------------------------------------------------------

    async def _on_send_message(self, sent: Parameters) -> Any:
        return await self._accept("sendMessage", sent, sent["text"], MESSAGE_LIMIT)

    async def _on_send_photo(self, sent: Parameters) -> Any:
        photo = sent["photo"]
        file = photo if isinstance(photo, File) else None
        if file is not None:
            width, height = struct.unpack(">II", file[16:24]) if file[:8] == b"\x89PNG\r\n\x1a\n" else (0, 0)
            if not width or width + height > 10_000 or max(width, height) > 20 * min(width, height):
                raise BadRequest("PHOTO_INVALID_DIMENSIONS")
        return await self._accept("sendPhoto", sent, sent.get("caption", ""), CAPTION_LIMIT, file)

    async def _on_send_document(self, sent: Parameters) -> Any:
        file = sent["document"]
        if not isinstance(file, File):
            raise BadRequest("wrong file identifier/HTTP URL specified")  # this fake keeps no files to send again
        if not file:
            raise BadRequest("file must be non-empty")
        if len(file) > FILE_LIMIT:
            raise _Refused(413, "Request Entity Too Large")
        return await self._accept("sendDocument", sent, sent.get("caption", ""), CAPTION_LIMIT, file)

    async def _on_edit_message_text(self, sent: Parameters) -> Any:
        return await self._change(sent, sent["text"])

    async def _on_edit_message_caption(self, sent: Parameters) -> Any:
        return await self._change(sent, sent.get("caption", ""))

    async def _on_edit_message_reply_markup(self, sent: Parameters) -> Any:
        return await self._change(sent, None)

    async def _on_delete_message(self, sent: Parameters) -> Any:
        chat, message_id = sent["chat_id"], sent["message_id"]
        self._check_reachable(chat)
        if (chat, message_id) in self._said:
            if chat < 0 and chat not in self.moderated:
                raise _Refused(400, "Bad Request: message can't be deleted")
            del self._said[chat, message_id]
        elif self._shown[chat].pop(message_id, None) is None:
            raise _Refused(400, "Bad Request: message to delete not found")
        return True

    async def _on_create_forum_topic(self, sent: Parameters) -> Any:
        chat = sent["chat_id"]
        self._check_reachable(chat)
        if chat not in self.forums:
            raise _Refused(400, "Bad Request: the chat is not a forum")
        self._message_ids[chat] += 1  # of the service message that begins it
        self.topics[chat][self._message_ids[chat]] = sent["name"]
        return {"message_thread_id": self._message_ids[chat], "name": sent["name"], "icon_color": 7322096}

    async def _on_edit_forum_topic(self, sent: Parameters) -> Any:
        chat, thread = self._topic(sent)
        self.topics[chat][thread] = sent.get("name", self.topics[chat][thread])
        return True

    async def _on_delete_forum_topic(self, sent: Parameters) -> Any:
        chat, thread = self._topic(sent)
        if chat not in self.moderated:
            raise _Refused(400, "Bad Request: not enough rights to delete messages")
        del self.topics[chat][thread]
        self._shown[chat] = {number: kept for number, kept in self._shown[chat].items() if kept.thread != thread}
        return True

    def _topic(self, sent: Parameters) -> tuple[int, int]:
        self._check_reachable(sent["chat_id"])
        if sent["message_thread_id"] not in self.topics[sent["chat_id"]]:
            raise _Refused(400, "Bad Request: TOPIC_ID_INVALID")
        return sent["chat_id"], sent["message_thread_id"]

    async def _on_send_chat_action(self, sent: Parameters) -> Any:
        self._check_reachable(sent["chat_id"])
        return True

    async def _on_answer_callback_query(self, sent: Parameters) -> Any:
        query = sent["callback_query_id"]
        if query not in self._queries or query in self.answered_queries:
            raise _Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self.answered_queries[query] = sent.get("text", "")
        return True

    async def _on_set_my_commands(self, sent: Parameters) -> Any:
        for command in sent["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise BadRequest(f"BOT_COMMAND_INVALID: {command['command']}")
        self.commands[sent.get("language_code", "")] = sent["commands"]
        return True

    async def _accept(self, method: str, sent: Parameters, text: str, limit: int, file: File | None = None) -> Any:
        chat = sent["chat_id"]
        self._check_reachable(chat)
        if "message_thread_id" in sent and sent["message_thread_id"] not in self.topics[chat]:
            raise _Refused(400, "Bad Request: message thread not found")
        answers = sent.get("reply_parameters", {})
        is_there = answers.get("message_id") in self._shown[chat] or (chat, answers.get("message_id")) in self._said
        if answers and not is_there and not answers.get("allow_sending_without_reply"):
            raise _Refused(400, "Bad Request: message to be replied not found")
        shown, entities = _formatted(text, sent)
        if not shown.strip() and limit == MESSAGE_LIMIT:
            raise BadRequest("message text is empty")
        if telegram_html.units(shown) > limit:
            raise BadRequest("message is too long" if limit == MESSAGE_LIMIT else "message caption is too long")
        buttons = _buttons(sent.get("reply_markup"))
        self._check_limits(chat)
        self._message_ids[chat] += 1
        message = Accepted(
            chat,
            self._message_ids[chat],
            shown,
            tuple(entities),
            buttons,
            self._clock(),
            method,
            answers["message_id"] if is_there else None,
            sent.get("message_thread_id"),
            file,
        )
        async with self._news:
            self.accepted[chat].append(message)
            self._shown[chat][message.message_id] = message
            self._news.notify_all()
        return self._as_result(message, sent.get("reply_markup"))

    async def _change(self, sent: Parameters, text: str | None) -> Any:
        chat, message_id = sent["chat_id"], sent["message_id"]
        self._check_reachable(chat)
        before = self._shown[chat].get(message_id)
        if before is None:
            raise _Refused(400, "Bad Request: message to edit not found")
        after = replace(before, buttons=_buttons(sent.get("reply_markup")))
        if text is not None:
            shown, entities = _formatted(text, sent)
            if not shown.strip() or telegram_html.units(shown) > MESSAGE_LIMIT:
                raise BadRequest("message text is empty or too long")
            after = replace(after, text=shown, entities=tuple(entities))
        if after == before:
            raise _Refused(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly "
                "the same as a current content and reply markup of the message",
            )
        self._shown[chat][message_id] = after
        return self._as_result(after, sent.get("reply_markup"))

    def _check_reachable(self, chat: int) -> None:
        if chat in self._upgraded:
            description = "Bad Request: group chat was upgraded to a supergroup chat"
            raise _Refused(400, description, migrate_to_chat_id=self._upgraded[chat])
        if chat in self._blocked:
            raise _Refused(403, "Forbidden: bot was blocked by the user")
        if chat not in self._chats:
            raise _Refused(400, "Bad Request: chat not found")

    def _check_limits(self, chat: int) -> None:
        """30 a second over all, one a second in a chat, 20 a minute in a group; soft at the edges, as the real ones."""
        now = self._clock()
        while self._sent_at and now - self._sent_at[0][0] > 60:
            self._sent_at.popleft()
        if self.keeps_limits:
            there = [at for at, sent_to in self._sent_at if sent_to == chat]
            last_second = sum(1 for at, _ in self._sent_at if now - at < 0.98)
            if last_second >= 30 or (there and now - there[-1] < 0.98) or (chat < 0 and len(there) >= 20):
                self.refused_with_429 += 1
                raise _Refused(429, "Too Many Requests: retry after 1", retry_after=1)
        self._sent_at.append((now, chat))

    def _as_result(self, message: Accepted, markup: Any) -> dict[str, Any]:
        entities = [
            {"type": entity.type, "offset": entity.offset, "length": entity.length}
            | ({"url": entity.url} if entity.url else {})
            for entity in message.entities
        ]
        result = {"message_id": message.message_id, "date": int(time.time()), "from": BOT}
        if message.file is None:
            result["text"] = message.text
        else:
            result["caption"] = message.text
        if message.file is not None and message.method == "sendPhoto":
            sides = dict(zip(("width", "height"), struct.unpack(">II", message.file[16:24]), strict=True))
            result["photo"] = [{"file_id": "f2", "file_unique_id": "u6", **sides}]
        elif message.file is not None:
            looks = {"file_name": message.file.name, "file_size": len(message.file)}
            result["document"] = {"file_id": "f1", "file_unique_id": "u5", **looks}
        return {
            **result,
            "chat": self._chat(message.chat),
            **({"entities": entities} if entities else {}),
            **({"reply_markup": markup} if markup else {}),
        }


def _person(chat: int) -> dict[str, Any]:
    return {"id": abs(chat), "is_bot": False, "first_name": "X", "language_code": "fi"}


def _snake(method: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method)


def _formatted(text: str, sent: Parameters) -> tuple[str, list[telegram_html.Entity]]:
    mode = sent.get("parse_mode")
    if mode is None:
        return text, []
    if mode != "HTML":
        raise BadRequest(f"this fake reads HTML alone, not {mode}")
    try:
        return telegram_html.parse(text)
    except telegram_html.BadMarkup as fault:
        raise BadRequest(f"can't parse entities: {fault}") from fault


def _buttons(markup: dict[str, Any] | None) -> tuple[Button, ...]:
    rows = (markup or {}).get("inline_keyboard", [])
    if len(rows) > 100 or any(not 1 <= len(row) <= 8 for row in rows):
        raise BadRequest("a keyboard has at most 100 rows of 1 to 8 buttons")
    buttons = [button for row in rows for button in row]
    for button in buttons:
        kinds = set(button) - {"text", "style", "icon_custom_emoji_id"}
        if len(kinds) != 1:
            raise BadRequest(f"Text buttons are unallowed in the inline keyboard, or one does several things: {kinds}")
        if not button["text"].strip():
            raise BadRequest("BUTTON_TEXT_INVALID")
        if button.get("url", "").startswith("tel:"):
            raise BadRequest("Wrong HTTP URL in a button")
    return tuple(Button(button["text"], button.get("callback_data", "")) for button in buttons)
