"""Telegram: updates in by our own poller or by webhook, messages out; python-telegram-bot is the client.

Its `Updater` confirms updates while they wait in memory, so a killed process loses them, and one malformed update stops
it. Here an update is committed to the inbox as it came, and only then confirmed; each is parsed by itself.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import secrets
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog
from telegram import (
    Bot,
    BotCommand,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    Update,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot import wording
from bot.channels import predecessor
from bot.channels.bot_api_request import NEVER_SENT, BotApiRequest
from bot.channels.incoming import (
    GroupMoved,
    Incoming,
    InGroup,
    LinkChat,
    MoveHere,
    Pressed,
    PressedInGroup,
    RepliedInGroup,
    Sendable,
    SendFailed,
    Unparsable,
    clean,
    command_language,
    read_command,
    read_text,
)
from bot.channels.markup import as_plain_text, as_signed_html, as_telegram_html
from bot.dialogue import Command, Left, Start, Text, Unreadable
from bot.settings import Settings
from bot.store import inbox, leases, moving
from bot.store.engine import Store, StoreUnavailable, Tx
from bot.vault import Vault
from knowledge import safety
from knowledge.entry import Language

NAME = "telegram"
WEBHOOK_PATH = "/telegram/webhook"
ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
MOST_UPDATES = 2**63  # what is beyond is no number of Telegram's
POLL_SECONDS = 25
POLLING = "telegram-poll"  # the lease of the one process that asks for updates
POLL_LEASE = timedelta(seconds=20)  # after a crash nobody on another machine asks for so long
RENEW_SECONDS = 5.0
# Between two looks at what can't be confirmed: whoever asks for the same again within half a second gets one update.
UNNUMBERED_SECONDS = 0.6
NO_NUMBERS = "updates without numbers"
UNKNOWN_TO_TELEGRAM = "Telegram does not know KOPPI_TELEGRAM_TOKEN"
REFUSAL_TOLD = timedelta(minutes=5)  # what waits to be sent is tried once a minute at least
TYPING_SHOWN = timedelta(seconds=5)  # Telegram's own
COMMANDS = (
    "start", "aiheet", "tilanteet", "ihminen", "apua", "muistuta", "vinkit", "kieli", "jaa", "tietoni", "unohda",
    "tietosuoja", "ohje",
)  # fmt: skip
CHAT_ID = re.compile(r"-?[0-9]{1,19}")
LANGUAGES: tuple[Language, ...] = ("fi", "sv", "en")
GROUPS = frozenset({"group", "supergroup"})

log = structlog.get_logger()

# The library's own switch: pauses as timedeltas, which it will give by default and warns about until then.
os.environ.setdefault("PTB_TIMEDELTA", "true")
# `Bot.get_updates` parses all updates at once, so that a malformed one hides the others: the raw call is meant.
warnings.filterwarnings("ignore", message="Please use 'Bot.getUpdates'")


# --- reading updates ------------------------------------------------------------------------------------------


def parse(body: str) -> Incoming | None:
    """What an update says, or None for what is none of our business (a group's talk, a channel's post).

    Raises `Unparsable` for bytes that are no update.
    """
    try:
        return _checked(_read(Update.de_json(json.loads(body), None)))
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError, OSError, RecursionError) as error:
        # The library checks little: a text that is a number shows only when it is read, a date that no clock reaches
        # as an error of the operating system.
        raise Unparsable(f"not a Telegram update ({type(error).__name__})") from error


def _read(update: Update) -> Incoming | None:
    if update.my_chat_member and update.my_chat_member.chat.type == "private":
        gone = update.my_chat_member.new_chat_member.status in {"kicked", "left"}
        return Incoming(str(update.my_chat_member.chat.id), Left(gone))
    if update.my_chat_member:
        return _in_group(update.my_chat_member)
    if update.callback_query:
        return _pressed(update)
    return _message(update)


def _checked(incoming: Incoming | None) -> Incoming | None:
    """*incoming*, if it is what it is taken for: the library takes any JSON for a chat's number or a text."""
    if incoming is None:
        return None
    said = incoming.said
    addresses = [incoming.address, *([said.to] if isinstance(said, GroupMoved) else [])]
    texts = [incoming.language or "", *([said.query_id] if isinstance(said, PressedInGroup) else [])]
    if not all(CHAT_ID.fullmatch(address) for address in addresses) or not all(isinstance(text, str) for text in texts):
        raise ValueError("another type than Telegram's")
    return incoming


def _in_group(change: ChatMemberUpdated) -> Incoming | None:
    was_out = change.old_chat_member.status in {"left", "kicked"}
    is_in = change.new_chat_member.status in {"member", "administrator"}
    if change.chat.type not in GROUPS or not (was_out and is_in):
        return None
    return Incoming(str(change.chat.id), InGroup(), (change.from_user.language_code or "")[:2])


def _pressed(update: Update) -> Incoming | None:
    query = update.callback_query
    chat = query.message.chat if query and query.message else None
    if query is None or chat is None:
        return None
    if chat.type in GROUPS:
        post = re.fullmatch(r"take:(\d{1,18}):0", query.data or "")
        return Incoming(str(chat.id), PressedInGroup(int(post[1]) if post else 0, str(query.from_user.id), query.id))
    if chat.type != "private":
        return None
    found = re.fullmatch(r"[a-z]{1,16}:(\d{1,18}):(\d{1,2})", query.data or "")
    # Data that no button of ours carries is answered like a button long gone.
    pressed = Pressed(int(found[1]), int(found[2])) if found else Pressed(0, 0)
    return Incoming(str(chat.id), pressed)


def _message(update: Update) -> Incoming | None:
    message = update.message or update.edited_message
    if message is None:
        return None
    address, text = str(message.chat.id), message.text or message.caption or ""
    command, rest = read_command(text) or (None, "")
    is_private = message.chat.type == "private"
    if command == "liita" and (not is_private or _is_code(rest)):
        return Incoming(address, LinkChat(rest[:64]))
    if not is_private:
        return _in_staff_group(message, is_edit=update.edited_message is not None)
    language = (message.from_user.language_code or "")[:2] if message.from_user else None
    said_at = message.edit_date or message.date
    if command == "start" and _is_code(rest):
        start = Start(rest or None, command_language(text))
        return Incoming(address, MoveHere(rest[:64]) if rest.startswith(moving.PREFIX) else start, language, said_at)
    if command and not rest:
        return Incoming(address, Command(command, command_language(text)), language, said_at)
    if text:  # also words after a command: a slash must not swallow a question, or a cry for help
        said = read_text(text)
        if isinstance(said, Text) and not message.text:
            said = replace(said, beside=_unreadable(message).what)
        return Incoming(address, said, language, said_at)
    if update.edited_message:  # a live location moves every few seconds: nobody has said anything
        return None
    return Incoming(address, _unreadable(message), language, said_at)


def _in_staff_group(message: Message, *, is_edit: bool) -> Incoming | None:
    """What is said in a group in reply to a bot, or by Telegram; the rest is people's talk among themselves."""
    if message.migrate_to_chat_id is not None:
        return Incoming(str(message.chat.id), GroupMoved(str(message.migrate_to_chat_id)))
    answered, by = message.reply_to_message, message.from_user
    if message.chat.type not in GROUPS or answered is None or by is None:
        return None
    if answered.from_user is None or not answered.from_user.is_bot or answered.forum_topic_created is not None:
        return None  # all that is said in a topic counts as a reply to its beginning
    text = clean(message.text) or None if message.text else None
    return Incoming(
        str(message.chat.id),
        RepliedInGroup(str(message.message_id), str(answered.message_id), str(by.id), text, is_edit),
    )


def _is_code(rest: str) -> bool:
    """Whether what stands after a command can be a code or a campaign (or nothing), rather than somebody's words."""
    is_one_word = re.fullmatch(rf"[A-Za-z0-9_-]{{0,64}}|{moving.PREFIX}\S*", rest) is not None
    return is_one_word and safety.assess(rest) is None


def _unreadable(message: Any) -> Unreadable:
    if message.photo:
        return Unreadable("photo")
    if message.voice or message.audio or message.video_note:
        return Unreadable("voice")
    if message.sticker:
        return Unreadable("sticker")
    if message.location or message.venue:
        return Unreadable("location")
    if message.document or message.video or message.animation:
        return Unreadable("file")
    return Unreadable("other")


def _sender(update: dict[str, Any]) -> str:
    """The chat id in a raw update, for keeping a chat's order before anything is parsed; empty when there is none."""
    for kind in ("message", "edited_message", "my_chat_member"):
        part = update.get(kind)
        if isinstance(part, dict) and isinstance(part.get("chat"), dict):
            return str(part["chat"].get("id", ""))
    query = update.get("callback_query")
    message = query.get("message") if isinstance(query, dict) else None
    chat = message.get("chat") if isinstance(message, dict) else None
    return str(chat.get("id", "")) if isinstance(chat, dict) else ""


def _without_small_talk(update: Any) -> Any:
    """*update*, without what people in a group say among themselves: that is not ours to keep, not for a moment."""
    part = (update.get("message") or update.get("edited_message")) if isinstance(update, dict) else None
    chat = part.get("chat") if isinstance(part, dict) else None
    kind = chat.get("type") if isinstance(chat, dict) else None
    if not isinstance(part, dict) or not isinstance(kind, str) or kind not in GROUPS:
        return update
    answered, text = part.get("reply_to_message"), part.get("text")
    is_reply = isinstance(answered, dict) and "forum_topic_created" not in answered
    author = answered.get("from") if isinstance(answered, dict) and is_reply else None
    is_to_a_bot = isinstance(author, dict) and author.get("is_bot") is True
    is_command = isinstance(text, str) and text.startswith("/")
    return (
        update if is_to_a_bot or is_command or "migrate_to_chat_id" in part else {"update_id": update.get("update_id")}
    )


async def keep(store: Store, vault: Vault, updates: Sequence[Any], now: datetime) -> int | None:
    """Commit *updates* to the inbox, the unreadable ones to quarantine; returns the last update id, None without any.

    After this returns, and not before, they may be confirmed to Telegram.
    """

    async def write_down(tx: Tx, _nothing: None) -> int | None:
        last = None
        for update in updates:
            body = json.dumps(_without_small_talk(update))  # ASCII: even a lone surrogate survives as an escape
            number = update.get("update_id") if isinstance(update, dict) else None
            if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < MOST_UPDATES:
                key = hashlib.sha256(body.encode()).hexdigest()
                await inbox.set_aside(
                    tx, channel=NAME, key=key, sender="", sealed=vault.seal(body), reason="no update_id", now=now
                )
                continue
            last = number
            sender = vault.lookup(NAME, _sender(update))
            await inbox.receive(tx, vault, channel=NAME, key=str(number), sender=sender, body=body, now=now)
        return last

    return await store.together(write_down, contextlib.nullcontext)


# --- the channel ----------------------------------------------------------------------------------------------


@dataclass
class PollHealth:
    """When Telegram last answered us, and what is wrong if it doesn't: for the health pages.

    *asking_since*: when we began to ask it; None while we don't, because another process does, or updates are posted.
    *refused_since*, *refused_at*: the first and the last of the sends lately refused, for not knowing our token.
    """

    asking_since: datetime | None = None
    succeeded_at: datetime | None = None
    trouble: str | None = None
    refused_since: datetime | None = None
    refused_at: datetime | None = None

    @property
    def silent_since(self) -> datetime | None:
        """Since when we have been asking without an answer; None while there is none to wait for."""
        if self.asking_since is None or self.succeeded_at is None:
            return self.asking_since
        return max(self.asking_since, self.succeeded_at)

    def is_refused(self, now: datetime) -> bool:
        """Whether Telegram does not know our token, as far as anything was sent lately."""
        return self.refused_at is not None and now - self.refused_at < REFUSAL_TOLD


@dataclass(frozen=True)
class Delivered:
    """How Telegram says that it hands updates over: to *webhook* (empty: we ask for them), with what last error."""

    webhook: str
    waiting: int
    failed_at: datetime | None


class TelegramChannel:
    """The bot's connection to the Bot API: asks for updates, or takes them by webhook, and sends messages."""

    name = NAME

    def __init__(self, settings: Settings, store: Store, vault: Vault, clock: Callable[[], datetime]) -> None:
        if settings.telegram_token is None:
            raise ValueError("a Telegram channel needs a token")
        self._settings = settings
        self._store = store
        self._vault = vault
        self._clock = clock
        self.health = PollHealth()
        self.username: str | None = None  # known once Telegram has answered
        self.webhook_secret = vault.lookup("telegram-webhook", settings.telegram_token.get_secret_value())
        self._request = BotApiRequest(connections=settings.sends_in_flight + 4, connect_timeout=5, read_timeout=10)
        self._poll_request = BotApiRequest(connections=2, connect_timeout=5, read_timeout=POLL_SECONDS + 10)
        self._bot = Bot(
            settings.telegram_token.get_secret_value(),
            base_url=f"{settings.telegram_api}/bot",
            base_file_url=f"{settings.telegram_api}/file/bot",
            request=self._request,
            get_updates_request=self._poll_request,
        )
        self._answers: set[asyncio.Task[None]] = set()
        self._typing: dict[str, datetime] = {}  # when each chat was last told that somebody writes
        self._owner = secrets.token_hex(16)  # new at each start: a lease of an earlier life is not ours
        self._is_ours = asyncio.Event()
        self._is_others = asyncio.Event()
        self._offset: int | None = None

    async def open(self) -> None:
        """Open the connection pools; asks nothing of the network."""
        await self._request.initialize()
        await self._poll_request.initialize()

    async def close(self) -> None:
        """Close the connection pools."""
        for answer in self._answers:
            answer.cancel()
        await self._request.shutdown()
        await self._poll_request.shutdown()

    async def introduce(self) -> None:
        """Tell Telegram how updates reach us and which commands the menu shows. Raises `TelegramError`."""
        if self._settings.telegram_mode == "webhook":
            await self._bot.set_webhook(
                f"{self._settings.address}{WEBHOOK_PATH}",
                secret_token=self.webhook_secret,
                allowed_updates=ALLOWED_UPDATES,
            )
        else:
            await self._bot.delete_webhook()
        self.username = (await self._bot.get_me()).username
        for language in LANGUAGES:
            commands = [BotCommand(name, wording.say(language, wording.COMMAND_HELP[name])) for name in COMMANDS]
            await self._bot.set_my_commands(commands, language_code=None if language == "fi" else language)

    async def examine(self) -> Delivered:
        """What Telegram says of us when asked for nothing else. Raises `TelegramError`."""
        await self._bot.get_me()
        info = await self._bot.get_webhook_info()
        return Delivered(info.url, info.pending_update_count, info.last_error_date)

    async def listen(self) -> None:
        """Introduce ourselves, then (when polling) bring updates in until the service stops, through any outage."""
        self.health.asking_since = self._clock()
        is_introduced = await self._through_trouble(self._introduce_unless_stopping)
        self.health.asking_since = None
        if not is_introduced or self._settings.telegram_mode == "webhook":
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hold_lease())
            tasks.create_task(self._poll_in_our_turn())
        with contextlib.suppress(StoreUnavailable):  # then it ends by itself, a little later
            await leases.give_back(self._store, POLLING, self._owner)

    async def _through_trouble(self, act: Callable[[], Awaitable[None]]) -> bool:
        """Do *act* again after each failure, in growing pauses; True once it is done, False when the service stops."""
        pause = 1.0
        while not self._store.hub.is_stopping:
            try:
                await act()
                return not self._store.hub.is_stopping
            except InvalidToken:
                self._trouble(UNKNOWN_TO_TELEGRAM)
                pause = 60
            except Conflict:
                self._trouble("another process asks for this bot's updates (409)")
                pause = min(30, max(5, pause * 2))
            except RetryAfter as error:
                pause = _seconds(error.retry_after)
            except (TelegramError, StoreUnavailable) as error:
                self._trouble(type(error).__name__)
                pause = min(60, pause * 2)
            await self._store.hub.pause(pause)
        return False

    async def _introduce_unless_stopping(self) -> None:
        if await self._unless(self.introduce(), self._store.hub.stopped()):
            self._succeeded()

    async def _hold_lease(self) -> None:
        """Renew the lease on asking for updates while it is ours, and look again and again for it while it isn't.

        Beside the polls and not between them: a quiet one lasts longer than the lease.
        """
        folder = self._settings.data_dir
        with (
            predecessor.succeeding(folder, self._owner) if self._store.is_shared else contextlib.nullcontext() as former
        ):
            await self._hold_lease_after(former)

    async def _hold_lease_after(self, former: str | None) -> None:
        while not self._store.hub.is_stopping:
            try:
                now = self._clock()
                is_ours = await leases.hold(self._store, POLLING, self._owner, now, POLL_LEASE, former=former)
                (self._is_ours if is_ours else self._is_others).set()
                (self._is_others if is_ours else self._is_ours).clear()
            except StoreUnavailable as error:  # for the others, too: the lease stays where it is
                self._trouble(type(error).__name__)
            await self._store.hub.pause(RENEW_SECONDS)

    async def _poll_in_our_turn(self) -> None:
        stopped = self._store.hub.stopped
        while await self._unless(self._is_ours.wait(), stopped()) and not self._store.hub.is_stopping:
            if self.health.asking_since is None:
                self.health.asking_since = self._clock()
                self._offset = None  # another process asked; its offset is not ours
            await self._through_trouble(self._poll)
            if self._is_others.is_set():
                self.health.asking_since = None

    async def _poll(self) -> None:
        """One long poll, committed, and the offset that confirms it kept for the next one."""
        asking = asyncio.create_task(
            self._bot.do_api_request(
                "getUpdates",
                api_kwargs={
                    "timeout": POLL_SECONDS,
                    "allowed_updates": ALLOWED_UPDATES,
                    **({} if self._offset is None else {"offset": self._offset}),
                },
                read_timeout=POLL_SECONDS + 10,
            )
        )
        # Whatever a poll would bring that is broken off is not confirmed: Telegram keeps it for the next one.
        if not await self._unless(asking, self._store.hub.stopped(), self._is_others.wait()):
            return
        updates = await asking
        if not isinstance(updates, list):
            raise NetworkError("getUpdates did not bring a list")
        is_known = bool(updates) and self.health.trouble == NO_NUMBERS
        self._succeeded()
        self.health.trouble = NO_NUMBERS if is_known else None
        if not updates:
            return
        last = await keep(self._store, self._vault, updates, self._clock())
        if last is None:  # all are set aside, and come again until one with a number confirms them
            if not is_known:
                self._trouble(NO_NUMBERS)
            await self._store.hub.pause(UNNUMBERED_SECONDS)
            return
        self._succeeded()
        self._stop_spinners(updates)
        self._offset = last + 1

    async def _unless(
        self, work: Coroutine[Any, Any, Any] | asyncio.Task[Any], *ends: Coroutine[Any, Any, Any]
    ) -> bool:
        """True when *work* has ended (its error is raised); False when one of *ends* comes first: it is cancelled."""
        working = asyncio.ensure_future(work)
        ending = [asyncio.create_task(end) for end in ends]
        await asyncio.wait({working, *ending}, return_when=asyncio.FIRST_COMPLETED)
        for end in ending:
            end.cancel()
        if working.done():
            working.result()
            return True
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError, TelegramError):
            await working
        return False

    def took(self, update: Any) -> None:
        """What is to be done for an update that came by webhook, once it is committed."""
        self._succeeded()
        self._stop_spinners([update])

    def _stop_spinners(self, updates: Sequence[Any]) -> None:
        """Tell Telegram that a tap was noticed. Best effort: the tap's effect travels the durable road.

        Not for a tap in a group: that is answered in words, once it is decided, and there is only one answer.
        """
        for update in updates:
            query = update.get("callback_query") if isinstance(update, dict) else None
            if isinstance(query, dict) and isinstance(query.get("id"), str) and not _sender(update).startswith("-"):
                self._in_background(self._stop_spinner(query["id"]))

    async def _stop_spinner(self, query_id: str) -> None:
        with contextlib.suppress(TelegramError):
            await self._bot.answer_callback_query(query_id)

    def show_typing(self, address: str) -> None:
        """Let the chat show that somebody writes: Telegram does for five seconds, and is asked no oftener.

        Best effort, and beside all that is paced and counted: no message waits for it.
        """
        now = self._clock()
        self._typing = {chat: at for chat, at in self._typing.items() if now - at < TYPING_SHOWN}
        if address not in self._typing:
            self._typing[address] = now
            self._in_background(self._show_typing(address))

    async def _show_typing(self, address: str) -> None:
        with contextlib.suppress(TelegramError):
            await self._bot.send_chat_action(int(address), ChatAction.TYPING)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def send(self, address: str, message: Sendable) -> str | None:
        """Do with *message* in the chat *address* what its act says, and return its id there. Raises `SendFailed`."""
        try:
            done = await self._do(address, message)
        except TelegramError as error:
            if isinstance(error, InvalidToken):
                self._refused()
            raise _as_send_failure(error) from error
        self.health.refused_since = self.health.refused_at = None
        return done

    async def _do(self, address: str, message: Sendable) -> str | None:
        match message.act:
            case "send":
                return await self._write(message, lambda text, html: self._send(address, message, text, html))
            case "file":
                return await self._send_file(address, message.text, message.file or b"")
            case "picture":
                return await self._send_picture(address, message)
            case "edit":
                return await self._write(message, lambda text, html: self._edit(address, message, text, html))
            case "delete":
                await self._delete(address, message)
            case "answer":
                await self._answer(address, message.text)
            case "open":
                return await self._open_topic(address, message.text)
            case "drop":
                await self._drop_topic(address, int(message.target or 0), message.text)
        return None

    async def _write(self, message: Sendable, write: Callable[[str, bool], Awaitable[str]]) -> str:
        """*write* the text as HTML, or if Telegram doesn't understand ours, as it is."""
        try:
            return await write(_as_html(message), True)
        except BadRequest as error:
            if not _is_about_markup(error):
                raise
            return await write(_as_plain(message), False)

    async def _send(self, address: str, message: Sendable, text: str, is_html: bool) -> str:
        parameters: dict[str, Any] = {
            "chat_id": int(address),
            "text": text,
            "link_preview_options": {"is_disabled": True},
        }
        if is_html:
            parameters["parse_mode"] = ParseMode.HTML
        if message.buttons:
            buttons = [[{"text": label, "callback_data": data}] for label, data in message.buttons]
            parameters["reply_markup"] = {"inline_keyboard": buttons}
        if message.target:
            answered = {"message_id": int(message.target), "allow_sending_without_reply": True}
            parameters["reply_parameters"] = answered
        if message.thread:
            parameters["message_thread_id"] = int(message.thread)
        try:
            sent = await self._request.call(f"{self._bot.base_url}/sendMessage", parameters)
        except BadRequest as error:
            if message.thread is None or "thread not found" not in error.message.lower():
                raise
            return await self._send(address, replace(message, thread=None), text, is_html)
        return str(int(sent["message_id"]))

    async def _edit(self, address: str, message: Sendable, text: str, is_html: bool) -> str:
        try:
            await self._bot.edit_message_text(
                text,
                int(address),
                int(message.target or 0),
                parse_mode=ParseMode.HTML if is_html else None,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_markup=_keyboard(message),
            )
        except BadRequest as error:
            if "not modified" not in error.message.lower():  # an earlier try has arrived after all
                raise
        return str(message.target)

    async def _delete(self, address: str, message: Sendable) -> None:
        """After two days only a moderator may delete a message; one's own can be made to say nothing even then."""
        try:
            await self._bot.delete_message(int(address), int(message.target or 0))
        except BadRequest as error:
            if "not found" in error.message.lower():
                return
            await self._write(message, lambda text, html: self._edit(address, message, text, html))

    async def _open_topic(self, address: str, name: str) -> str | None:
        """None where the group has no topics, or doesn't let us: what was to stand there stands in the group itself."""
        try:
            opened = await self._bot.create_forum_topic(int(address), name)
        except BadRequest as error:
            log.info("no_topic_opened", reason=type(error).__name__)
            return None
        return str(opened.message_thread_id)

    async def _drop_topic(self, address: str, thread: int, name: str) -> None:
        """Delete a topic with all in it; where the right is missing, take at least its name away."""
        try:
            await self._bot.delete_forum_topic(int(address), thread)
        except BadRequest:
            with contextlib.suppress(BadRequest):  # it is gone already
                await self._bot.edit_forum_topic(int(address), thread, name)

    async def _answer(self, query_id: str, text: str) -> None:
        """In time or not at all: Telegram forgets a press within a minute, and whoever pressed it does, too."""
        try:
            await self._bot.answer_callback_query(query_id, text, show_alert=True)
        except BadRequest as error:
            log.info("press_answered_too_late", reason=type(error).__name__)

    async def _send_file(self, address: str, text: str, file: bytes) -> str:
        sent = await self._bot.send_document(
            int(address), file, caption=as_plain_text(text), filename=wording.HOLDINGS_FILE
        )
        return str(sent.message_id)

    async def _send_picture(self, address: str, message: Sendable) -> str:
        """The picture over its words; these alone where there is none, or the chat takes none."""
        if message.file is not None:
            try:
                sent = await self._bot.send_photo(int(address), message.file, caption=as_plain_text(message.text))
                return str(sent.message_id)
            except BadRequest as error:
                log.info("no_picture_taken", reason=type(error).__name__)
        bare = replace(message, target=None)
        return await self._write(bare, lambda text, html: self._send(address, bare, text, html))

    def _succeeded(self) -> None:
        self.health.succeeded_at, self.health.trouble = self._clock(), None

    def _refused(self) -> None:
        now = self._clock()
        if not self.health.is_refused(now):
            self.health.refused_since = now
        self.health.refused_at = now

    def _trouble(self, what: str) -> None:
        self.health.trouble = what
        log.warning("telegram_trouble", what=what)


def _as_send_failure(error: TelegramError) -> SendFailed:
    """What a failed send means for the message: gone for good, later, or perhaps arrived."""
    match error:
        case RetryAfter():
            return SendFailed("Telegram asks to wait", retry_after=timedelta(seconds=_seconds(error.retry_after)))
        case Forbidden():
            return SendFailed("the asker has blocked the bot", permanent=True, unreachable=True)
        case InvalidToken():
            return SendFailed(UNKNOWN_TO_TELEGRAM)
        case ChatMigrated():
            return SendFailed("the group has become a supergroup", permanent=True, moved_to=str(error.new_chat_id))
        case BadRequest() if "chat not found" in error.message.lower():
            return SendFailed("Telegram does not find the chat", permanent=True, unreachable=True)
        case BadRequest():
            return SendFailed("Telegram refuses the message", permanent=True)
        case TimedOut() | NetworkError() if isinstance(error.__cause__, NEVER_SENT):
            return SendFailed("Telegram can't be reached")
        case TimedOut():
            return SendFailed("Telegram did not answer in time", uncertain=True)
        case NetworkError() if isinstance(error.__cause__, aiohttp.ClientError):
            return SendFailed("the connection broke while sending", uncertain=True)
        case NetworkError():
            return SendFailed("Telegram is out of order")
        case _:
            return SendFailed("Telegram answered something unreadable", uncertain=True)


def _as_html(message: Sendable) -> str:
    if message.signature is None:
        return as_telegram_html(message.text)
    return as_signed_html(message.signature, message.text)


def _as_plain(message: Sendable) -> str:
    return as_plain_text(message.text) if message.signature is None else f"{message.signature}\n{message.text}"


def _keyboard(message: Sendable) -> InlineKeyboardMarkup | None:
    rows = [[InlineKeyboardButton(label, callback_data=data)] for label, data in message.buttons]
    return InlineKeyboardMarkup(rows) if rows else None


def _is_about_markup(error: BadRequest) -> bool:
    return "parse" in error.message.lower()


def _seconds(wait: int | timedelta) -> float:
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
