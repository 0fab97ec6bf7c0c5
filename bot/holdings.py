"""What is kept of an asker, for them to read: in a few words, and all of it as a file in their language.

The file is written from the store each time it is asked for, a page at a time, and its content is stored nowhere.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from datetime import date, datetime
from math import inf
from time import monotonic
from zoneinfo import ZoneInfo

from babel import Locale
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import holdings_words, wording
from bot.channels.markup import as_plain_text
from bot.dialogue import Conversation
from bot.profile import ServiceProfile
from bot.store import holdings
from bot.store.engine import Store
from bot.store.holdings import PAGE, Asker, Gone
from bot.wording import escape_markdown
from knowledge.entry import Language

__all__ = ["PAGE", "Gone", "Holdings"]

MOST_SECONDS = 12.0  # half of what a send has
MOST_BYTES = 20_000_000  # Telegram takes 50 MB, but within the seconds of one send and on a phone that is too much
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+([+-]\d\d:\d\d|Z)?)?")  # as it stands in JSON
UTF8_MARK = "\ufeff"  # without it some programs read the file in another encoding


class Holdings:
    """Tells askers what is kept of them. *zone*: whose clocks the file goes by."""

    def __init__(self, store: Store, profile: ServiceProfile, zone: ZoneInfo) -> None:
        self._store = store
        self._profile = profile
        self._zone = zone

    async def in_short(self, read: AsyncConnection, talk: Conversation) -> str:
        """What there is of *talk* and its asker, in a few words, as Markdown."""
        kept, language = await holdings.in_short(read, talk.id), talk.language

        def say(sentence: str, **values: str) -> str:
            return wording.say(language, sentence, **{name: escape_markdown(text) for name, text in values.items()})

        sentences = [
            say(
                wording.HOLDINGS,
                alias=talk.alias,
                spoken=_language_name(language),
                seen=self._moment(kept.last_seen_at, language),
                count=str(kept.messages),
            )
        ]
        if talk.ticket:
            sentences.append(say(wording.HOLDINGS_OPEN, since=self._moment(talk.ticket.since, language)))
        if kept.contacts_at:
            sentences.append(say(wording.HOLDINGS_CONTACTS, at=self._moment(kept.contacts_at, language)))
        if kept.subscribed_to:
            names = (wording.say(language, wording.SUBSCRIPTIONS[kind]) for kind in kept.subscribed_to)
            sentences.append(say(wording.HOLDINGS_SUBSCRIBED, kinds=", ".join(names)))
        return " ".join([*sentences, say(wording.HOLDINGS_ALL)])

    async def file(self, conversation_id: str, now: datetime) -> bytes | None:
        """The whole file, as far as it is written in time; None once its asker has been erased, be it meanwhile."""
        try:
            parts = [part async for part in self.parts(conversation_id, now, seconds=MOST_SECONDS)]
        except Gone:
            return None
        return "".join(parts).encode()

    async def parts(self, conversation_id: str, now: datetime, *, seconds: float = inf) -> AsyncIterator[str]:
        """The file in parts of a page each, as far as it gets in *seconds*.

        Raises `Gone` where its asker has been erased before the last of them.
        """
        until = monotonic() + seconds
        kept = await self._asker(conversation_id)
        language: Language = kept.asker.language
        page = _Page(language, self._zone, kept.names)
        size = 0
        async with aclosing(self._parts(page, kept, now)) as parts:
            async for part in parts:
                size += len(part.encode())
                if size > MOST_BYTES or monotonic() > until:
                    yield wording.say(language, wording.HOLDINGS_TOO_LARGE, **self._controller(language)) + "\n"
                    break
                yield part
        await self._asker(conversation_id)

    async def _asker(self, conversation_id: str) -> Asker:
        async with self._store.read() as read:
            return await holdings.of_asker(read, conversation_id)

    async def _parts(self, page: "_Page", kept: Asker, now: datetime) -> AsyncGenerator[str, None]:
        yield UTF8_MARK + "".join(self._beginning(page, kept, now))
        for talk in kept.conversations:
            async for rows in holdings.said(self._store, talk.id):
                yield await asyncio.to_thread(page.messages, rows)
        yield page.heading(wording.HOLDINGS_RECEIVED)
        async for rows in holdings.received(self._store, kept.asker.id):
            yield "".join(page.line(row, *_RECEIVED) for row in rows)
        yield page.heading(wording.HOLDINGS_SENT)
        for talk in kept.conversations:
            async for rows in holdings.sent(self._store, talk.id):
                yield "".join(page.line(row, *_SENT) for row in rows)
        yield page.heading(wording.HOLDINGS_LOOKS)
        async for rows in holdings.looks(self._store, kept.asker.id):
            yield "".join(page.line(row, "at", "act") for row in rows)

    def _beginning(self, page: "_Page", kept: Asker, now: datetime) -> Iterator[str]:
        language = page.language
        at = self._moment(now, language)
        yield wording.say(language, wording.HOLDINGS_TITLE).upper() + "\n"
        yield wording.say(language, wording.HOLDINGS_MADE, at=at) + "\n"
        yield wording.say(language, wording.HOLDINGS_NOT_HERE, **self._controller(language)) + "\n"
        if kept.notes:
            yield wording.say(language, wording.HOLDINGS_NOTES, count=str(kept.notes)) + "\n"
        if kept.drafts:
            yield wording.say(language, wording.HOLDINGS_DRAFTS, count=str(kept.drafts)) + "\n"
        yield page.heading(wording.HOLDINGS_YOU)
        yield page.lines(kept.asker, *_ASKER)
        for address in kept.addresses:
            yield wording.say(language, wording.HOLDINGS_ADDRESS) + "\n"
            yield page.line(address, "channel", "reachable")
        for subscription in kept.subscriptions:
            yield page.line(subscription, "subscribed", "since", "agreed", "due_at")
        for talk in kept.conversations:
            yield page.lines(talk, "channel", "created_at", "state")
        if kept.tickets:
            yield page.heading(wording.HOLDINGS_QUESTIONS)
        for ticket in kept.tickets:
            yield page.lines(ticket, *_TICKET) + "\n"
        if kept.quarantine:
            yield page.heading(wording.HOLDINGS_SEALED)
        for sealed in kept.quarantine:
            yield page.line(sealed, "received_at", "channel", "reason")
        yield page.heading(wording.HOLDINGS_MESSAGES, count=str(kept.messages))

    def _controller(self, language: Language) -> dict[str, str]:
        controller = self._profile.controller
        return {"controller": controller.name[language], "contact": controller.contact[language]}

    def _moment(self, at: datetime, language: Language) -> str:
        return _moment(at.astimezone(self._zone), language)


_ASKER = (
    "alias", "language", "created_at", "last_seen_at", "first_campaign", "first_campaign_on", "last_campaign",
    "last_campaign_on", "last_events",
)  # fmt: skip
_TICKET = (
    "opened_at", "role", "account_id", "urgent", "topic", "promised_at", "slipped_at", "claimed_at", "replied_at",
    "closed_at", "outcome", "reopened_at",
)  # fmt: skip
_MESSAGE = ("entry_id", "buttons", "verdict", "helped", "gap", "phrasing")
_SENT = (
    "queued_at", "act", "channel", "state", "finished_at", "attempts", "uncertain", "not_before", "lease_until",
    "external_id", "reason",
)  # fmt: skip
_RECEIVED = (
    "received_at", "channel", "state", "handled_at", "attempts", "not_before", "kind", "replies", "decided_at",
)  # fmt: skip


class _Page:
    """Rows as text, in *language*; *names* of accounts and campaigns."""

    def __init__(self, language: Language, zone: ZoneInfo, names: dict[str, str]) -> None:
        self.language = language
        self._zone = zone
        self._names = names

    def heading(self, sentence: str, **values: str) -> str:
        return f"\n\n{wording.say(self.language, sentence, **values).upper()}\n\n"

    def lines(self, row: Row[object], *columns: str) -> str:
        """A line for each of *columns* that has a value."""
        return "".join(f"{told}\n" for told in self._told(row, columns))

    def line(self, row: Row[object], *columns: str) -> str:
        """All of them in one line."""
        return "; ".join(self._told(row, columns)) + "\n"

    def messages(self, rows: holdings.Rows) -> str:
        """Whole messages. In a thread of its own: to read the bot's Markdown takes long, and others wait meanwhile."""
        return "".join(self._message(row) for row in rows)

    def _message(self, row: Row[object]) -> str:
        """Who said what when, in full, and below it what else is kept of it."""
        who = {"asker": wording.WEB_YOU, "bot": wording.WEB_BOT}.get(row.author)
        name = self._names.get(row.account_id or "", "")
        speaker = wording.say(self.language, who or wording.WEB_ADVISOR, **({} if who else {"name": name}))
        text = as_plain_text(row.text) if row.author == "bot" else row.text
        more = "".join(f"  {told}\n" for told in self._told(row, _MESSAGE))
        return f"{self._words('created_at', row.created_at)}, {speaker}:\n{text}\n{more}\n"

    def _told(self, row: Row[object], columns: tuple[str, ...]) -> Iterator[str]:
        for column in columns:
            value = getattr(row, column)
            if value not in (None, [], {}):
                label = wording.say(self.language, wording.HOLDINGS_LABELS[column])
                yield f"{label}: {self._words(column, value)}"

    def _words(self, column: str, value: object) -> str:
        if isinstance(value, datetime):
            return _moment(value.astimezone(self._zone), self.language)
        if isinstance(value, date):
            return f"{value.day}.{value.month}.{value.year}"
        if isinstance(value, bool):
            return wording.say(self.language, wording.HOLDINGS_YES if value else wording.HOLDINGS_NO)
        match column:
            case "language":
                return _language_name(value)
            case "account_id":
                return self._names.get(str(value), "")
            case "subscribed":
                return wording.say(self.language, wording.SUBSCRIPTIONS[str(value)])
            case "first_campaign" | "last_campaign":
                return self._names.get(str(value), str(value))
            case "buttons" if isinstance(value, list):
                return ", ".join(button["label"] for button in value)
            case _:
                return self._plainly(column, value)

    def _plainly(self, column: str, value: object) -> str:
        """What is stored as JSON or as a name in the code, without the marks of either."""
        if isinstance(value, dict):
            named = [(self._named(column, name), inner) for name, inner in value.items() if inner is not None]
            return "; ".join(f"{name}: {self._words(column, inner)}" for name, inner in named)
        if isinstance(value, list):
            parts = [inner if isinstance(inner, list) else [inner] for inner in value]
            return ", ".join(" ".join(self._words(column, one) for one in part) for part in parts)
        if isinstance(value, float):
            return f"{value:.2f}".replace(".", "." if self.language == "en" else ",")
        if isinstance(value, str) and MOMENT.fullmatch(value):
            at = datetime.fromisoformat(value)
            return self._words(column, at if "T" in value else at.date())
        return self._named(column, str(value))

    def _named(self, column: str, name: str) -> str:
        known = holdings_words.VALUES.get(f"{column} {name}")
        return wording.say(self.language, known) if known else name


def _moment(local: datetime, language: Language) -> str:
    clock = {"fi": "klo", "sv": "kl.", "en": "at"}[language]
    point = ":" if language == "en" else "."
    return f"{local.day}.{local.month}.{local.year} {clock} {local.hour}{point}{local:%M}"


def _language_name(language: object) -> str:
    return str(Locale.parse(str(language)).get_language_name(str(language)))
