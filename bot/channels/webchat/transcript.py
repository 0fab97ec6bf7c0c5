"""One conversation as its page shows it: who said what, when and in which language, ready for the template."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from markupsafe import Markup, escape
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import wording
from bot.channels.markup import as_web_html
from bot.channels.webchat import posts
from bot.channels.webchat.phones import with_calls
from bot.dialogue import Conversation, Text
from bot.store import conversations
from bot.store.schema import account, decision, inbox, outbox
from bot.vault import Vault
from knowledge.entry import LANGUAGES, Language

ADDRESS = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
WORDS_TO_GO_BY = 5  # a shorter text may look like any language

LEADS_TO: Mapping[str, Literal["file", "share"]] = {"fetch": "file", "share": "share"}  # by a button's verb

LanguageOf = Callable[[str], Language | None]


@dataclass(frozen=True)
class Said:
    """One message as it stands in the store, or, with no id, one that waits in the inbox to be handled.

    *is_crisis*: the bot's reply to a sign of danger.
    """

    id: int | None
    author: str
    name: str
    text: str
    buttons: tuple[Mapping[str, str], ...]
    at: datetime
    is_crisis: bool = False


@dataclass(frozen=True)
class Choice:
    """A button under a message; one that *leads_to* the file of all that is kept, or a page to share, posts nothing.

    *draft*: a question that goes into the field, to be edited and sent.
    """

    label: str
    leads_to: Literal["file", "share"] | None = None
    draft: str | None = None


@dataclass(frozen=True)
class Line:
    """One message as the template shows it.

    Attributes
        words: HTML, safe to show.
        language: what it is to be read aloud in.
        is_alert: news that a screen reader says at once, before anything else.
        starts_run: the first of those that one speaker says in a row.
        is_answer: an entry of the FAQ, with its sources in the last but one paragraph.
        is_latest: where a page without script is scrolled to.
        day: its date in words, where that differs from the message before.
    """

    id: int | None
    author: str
    name: str
    words: Markup
    language: Language
    is_alert: bool
    buttons: tuple[Choice, ...]
    starts_run: bool
    is_answer: bool
    is_latest: bool
    day: str | None
    clock: str
    datetime: str


async def said(
    read: AsyncConnection, vault: Vault, talk: Conversation | None, lookup: str, *, since: int
) -> list[Said]:
    """What was said in *talk* from message *since* on, and what *lookup* has sent that is not handled yet."""
    if talk is None:
        return await _waiting(read, vault, lookup)
    names = {row.id: row.shown_name for row in await read.execute(select(account.c.id, account.c.shown_name))}
    stored = await conversations.messages(read, talk.id, after=since - 1)
    in_danger = await _crisis_replies(read, [message.id for message in stored if message.author == "bot"])
    return [
        *(
            Said(
                message.id,
                message.author,
                names.get(message.account_id or "", ""),
                message.text,
                tuple(message.buttons),
                message.created_at,
                message.id in in_danger,
            )
            for message in stored
        ),
        *await _waiting(read, vault, lookup),
    ]


async def _crisis_replies(read: AsyncConnection, message_ids: list[int]) -> set[int]:
    rows = await read.execute(
        select(outbox.c.message_id)
        .join(decision, decision.c.inbox_id == outbox.c.inbox_id)
        .where(decision.c.kind == "crisis", outbox.c.message_id.in_(message_ids))
    )
    return {row.message_id for row in rows}


async def _waiting(read: AsyncConnection, vault: Vault, lookup: str) -> list[Said]:
    rows = await read.execute(
        select(inbox.c.body, inbox.c.received_at)
        .where(inbox.c.channel == posts.NAME, inbox.c.sender == lookup, inbox.c.state == "open")
        .order_by(inbox.c.id)
    )
    heard = [(posts.parse(vault.unseal(row.body)).said, row.received_at) for row in rows]
    return [Said(None, "asker", "", text.text, (), at) for text, at in heard if isinstance(text, Text)]


def lines(
    messages: list[Said],
    zone: ZoneInfo,
    language: Language,
    language_of: LanguageOf,
    today: date,
    *,
    is_whole_page: bool,
) -> list[Line]:
    """*messages* as lines for a page in *language*, times in *zone*.

    A crisis reply is an alert when it comes to an open page, and on a whole page while it is the last word: once read,
    it is not shouted again at each reload.
    """
    speakers = [None, *((message.author, message.name) for message in messages)]
    starts = [speaker != before for before, speaker in pairwise(speakers)]
    # Of the bot's only what it said at once: a press is answered too, and leaves no words of the asker's between.
    turns = [None, *((message.author, message.at if message.author == "bot" else None) for message in messages)]
    latest = max((place for place, (before, turn) in enumerate(pairwise(turns)) if turn != before), default=None)
    days = [today, *(message.at.astimezone(zone).date() for message in messages)]
    shown = [day != before for before, day in pairwise(days)]
    return [
        _line(
            message,
            message.at.astimezone(zone),
            language,
            language_of,
            starts_run=starts[place],
            is_latest=place == latest,
            is_alert=message.is_crisis and (not is_whole_page or place == len(messages) - 1),
            shows_day=shown[place],
        )
        for place, message in enumerate(messages)
    ]


def _line(
    message: Said,
    at: datetime,
    language: Language,
    language_of: LanguageOf,
    *,
    starts_run: bool,
    is_latest: bool,
    is_alert: bool,
    shows_day: bool,
) -> Line:
    own_language = _language(message.text, language, language_of)
    return Line(
        id=message.id,
        author=message.author,
        name=message.name,
        words=_words(message, own_language, language_of),
        language=own_language,
        is_alert=is_alert,
        buttons=tuple(_choice(button) for button in message.buttons),
        starts_run=starts_run,
        is_answer=any(button["verb"] in {"yes", "add"} for button in message.buttons),
        is_latest=is_latest,
        day=format_skeleton("MMMMEEEEd", at, locale=language) if shows_day else None,
        clock=f"{at.hour}:{at:%M}" if language == "en" else f"{at.hour}.{at:%M}",
        datetime=at.isoformat(timespec="minutes"),
    )


def _choice(button: Mapping[str, str]) -> Choice:
    draft = button["value"] if button["verb"] == "draft" else None
    return Choice(button["label"], LEADS_TO.get(button["verb"]), draft)


def _language(text: str, page: Language, language_of: LanguageOf) -> Language:
    return language_of(text) or page if len(text.split()) >= WORDS_TO_GO_BY else page


def _words(message: Said, language: Language, language_of: LanguageOf) -> Markup:
    match message.author:
        case "bot":
            return with_calls(_in_its_languages(message.text, language, language_of))
        case "advisor":
            return with_calls(_with_links(message.text))
        case _:
            return escape(message.text)


def _in_its_languages(text: str, language: Language, language_of: LanguageOf) -> Markup:
    """The bot's words as HTML; an answer that is there in Finnish only is marked so, between words in *language*."""
    notices = {wording.say(spoken, wording.ONLY_IN_FINNISH): spoken for spoken in LANGUAGES}
    spoken = notices.get(text.partition("\n\n")[0])
    if spoken is None:
        return as_web_html(text)
    blocks = text.split("\n\n")
    last = len(blocks) - len(("sources", "did it help?"))
    html = Markup("")
    for place, block in enumerate(blocks):
        own = _language(block, spoken, language_of) if place < last else spoken
        of_block = Markup('<div lang="{}">{}</div>').format(own, as_web_html(block))
        html += as_web_html(block) if own == language else of_block
    return html


def _with_links(text: str) -> Markup:
    """A person's plain words, with the addresses of pages in them as links."""
    parts, end = [], 0
    for found in ADDRESS.finditer(text):
        parts += [escape(text[end : found.start()]), _link(found[0])]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _link(address: str) -> Markup:
    return Markup('<a href="{0}" rel="noopener noreferrer nofollow" target="_blank">{0}</a>').format(address)
