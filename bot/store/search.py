"""Finding tickets by words: of their threads, of the asker's alias, of the topic's title.

By which words a message is found stands in `message_word`: the beginnings of its words as keyed hashes, so that no
word of an asker is in the index, nor in what SQLite leaves of a moved row in its pages. The rows go with their message
by the foreign key, in the transaction that erases it. They are written soon after the message, by a loop and not by
whoever says something: nobody waits for the index. Why not the databases' own full text search:
docs/decisions/0008-the-words-of-tickets.md.

The index finds too much (another word may begin alike) and what it finds is looked at again, in the texts themselves.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import found
from bot.found import Line, Reading, Word
from bot.store import lists, tickets
from bot.store.conversations import ALIAS_ANIMALS
from bot.store.engine import Store, StoreUnavailable
from bot.store.moments import moment
from bot.store.schema import asker, conversation, message, message_word, ticket
from bot.store.tickets import AGES, Choice, TicketRow
from bot.vault import Vault

RULES = 1  # of `found.keys`: when they change, a migration empties message_word and indexed_as
BATCH = 100  # messages a transaction
LOOK_AGAIN_SECONDS = 5.0
TRY_AGAIN_SECONDS = 1.0

FIRST_STEP = 24 * 60 * 60  # seconds
LONGER = 4  # each step than the one before, at least
ROWS = 10_000  # of the rarest word, to be read through in a step
READ_THROUGH = 20_000  # of a word; if there may be more, it is looked up where the rarer ones are
READ_AT_ONCE = 75  # tickets whose texts are read at once
LOOKED_AT = 150  # tickets whose texts are read in all
NAMED = 1000
AT_ONCE = 2000  # moments named in one statement
ENOUGH = 10  # so many found need no misspelt ones beside them
SHOWN = 50

NUMBER = re.compile(r"[0-9]{3}")  # of an alias

log = structlog.get_logger()


@dataclass(frozen=True)
class Hit:
    """A ticket that was found, and the line of its thread with the words; None where its alias or topic has them."""

    ticket: TicketRow
    line: Line | None


@dataclass(frozen=True)
class Hits:
    """What was found: as it was written first, then what may be misspelt, each latest first.

    *is_cut*: there may be more; only the latest were looked at.
    """

    hits: Sequence[Hit]
    is_cut: bool


@dataclass(frozen=True)
class _Sought:
    """One word that is searched for: the hashes and topics by which it is found, and whom it may name (by moment)."""

    hashes: Collection[int]
    topics: Sequence[str]
    named: Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class _Query:
    """All that is searched for in one go through the index: each word, how texts are read, and what every topic has."""

    sought: Sequence[_Sought]
    reading: Reading
    topics: Mapping[str, int]

    @classmethod
    def of(
        cls,
        words: Sequence[Word],
        vault: Vault,
        titles: Mapping[str, str],
        names: Mapping[Word, Mapping[int, Sequence[str]]],
        *,
        near: bool,
    ) -> "_Query":
        """Every one of *words*, or what is *near* them, too; *titles* of the topics, and whom the words may name."""
        reading = Reading(words, near=near)
        topics = {id_: reading.of(title) for id_, title in titles.items()}
        sought = [
            _Sought(
                _hashes(word.near_keys if near else word.keys, vault),
                [id_ for id_, there in topics.items() if there >> place & 1],
                names.get(word, {}),
            )
            for place, word in enumerate(words)
        ]
        return cls(sought, reading, topics)


@dataclass(frozen=True)
class _Window:
    """Tickets that were opened after *low* and not after *high*, in seconds since 2020."""

    low: int
    high: int

    @property
    def length(self) -> int:
        """In seconds."""
        return self.high - self.low

    def has(self, opened: int) -> bool:
        """Whether a ticket that was opened then is one of them."""
        return self.low < opened <= self.high

    def is_of(self, opened: ColumnElement[int]) -> ColumnElement[bool]:
        """The same of a column."""
        return and_(opened > self.low, opened <= self.high)

    def before(self, rates: Sequence[float], together: int, oldest: int) -> "_Window":
        """The next one back in time: if it is like this one, with `ROWS` of the rarest word or enough to be looked at.

        *together*: the tickets that may have all words here. Where no word stands here, nothing is known of them yet.
        """
        length = LONGER * self.length
        if any(rates):
            enough = LOOKED_AT * self.length / max(together, 1)
            length = max(length, int(min(enough, ROWS / max(min(rates), 1 / self.length))))
        return _Window(max(self.low - length, oldest - 1), self.low)


# --- writing the index ----------------------------------------------------------------------------------------


async def keep_up(store: Store, vault: Vault) -> None:
    """Index what is said in tickets until the service stops."""
    with store.hub.subscribe(tickets.TOPIC) as news:
        while not store.hub.is_stopping:
            try:
                await catch_up(store, vault)
            except StoreUnavailable:
                log.warning("store_unavailable", loop="search")
                await store.hub.pause(TRY_AGAIN_SECONDS)
                continue
            await news.wait(LOOK_AGAIN_SECONDS)


async def catch_up(store: Store, vault: Vault) -> int:
    """Index every message of a ticket that is not yet, but for those another process is at; returns how many."""
    number = 0
    while not store.hub.is_stopping:
        async with store.read() as read:
            said = [(row.id, row.text, row.opened_at) for row in await read.execute(_unindexed())]
        if not said:
            break
        rows = await asyncio.to_thread(_rows, said, vault) if len(said) > 1 else _rows(said, vault)
        written = await _write(store, [id_ for id_, _, _ in said], rows)
        if written == 0:
            break
        number += written
    return number


def rows_of(message_id: int, text: str, opened_at: datetime, vault: Vault) -> list[dict[str, int]]:
    """The rows of `message_word` for one message."""
    opened = moment(opened_at)
    return [
        {"message_id": message_id, "key": key, "opened": opened} for key in sorted(_hashes(found.keys(text), vault))
    ]


def _unindexed() -> Select[tuple[int, str, datetime]]:
    return (
        select(message.c.id, _searched_text().label("text"), ticket.c.opened_at)
        .join(ticket, message.c.ticket_id == ticket.c.id)
        .where(message.c.ticket_id.is_not(None), message.c.indexed_as.is_(None))
        .order_by(message.c.id)
        .limit(BATCH)
    )


async def _write(store: Store, ids: Sequence[int], rows: Sequence[Mapping[str, int]]) -> int:
    """Keep the *rows* of those messages that are still there and not indexed by another process; returns how many."""
    async with store.write() as tx:
        open_ones = select(message.c.id).where(message.c.id.in_(ids), message.c.indexed_as.is_(None))
        locked = {row.id for row in await tx.execute(open_ones.with_for_update(skip_locked=True))}
        kept = [row for row in rows if row["message_id"] in locked]
        if kept:
            insert = postgresql.insert if tx.dialect == "postgresql" else sqlite.insert
            await tx.execute(insert(message_word).on_conflict_do_nothing(), kept)
        await tx.execute(update(message).where(message.c.id.in_(locked)).values(indexed_as=RULES))
        return len(locked)


# --- searching ------------------------------------------------------------------------------------------------


async def find(
    read: AsyncConnection,
    vault: Vault,
    words: Sequence[Word],
    choice: Choice,
    now: datetime,
    titles: Mapping[str, str],
) -> Hits:
    """The tickets of this *choice* that have every one of *words*; *titles* of the topics, by their ids.

    Where few have them, also those that have them misspelt.
    """
    if not words:
        return Hits([], is_cut=False)
    names = await _named(read, words)
    oldest = await _oldest(read)
    exactly = _Query.of(words, vault, titles, names, near=False)
    exact, is_cut = await _look(read, exactly, choice, now, oldest)
    shown = [(id_, exactly.reading.best_line(texts)) for id_, texts in exact.items()]
    if len(exact) < ENOUGH:
        nearly = _Query.of(words, vault, titles, names, near=True)
        near, is_near_cut = await _look(read, nearly, choice, now, oldest)
        shown += [(id_, nearly.reading.best_line(texts)) for id_, texts in near.items() if id_ not in exact]
        is_cut = is_cut or is_near_cut
    lines = dict(shown[:SHOWN])
    rows = await tickets.of_ids(read, list(lines))
    return Hits([Hit(row, lines[row.id]) for row in rows], is_cut or len(shown) > SHOWN)


async def _look(
    read: AsyncConnection, query: _Query, choice: Choice, now: datetime, oldest: int
) -> tuple[dict[str, list[str]], bool]:
    """The tickets with all that is sought, latest first, and whether there may be more.

    Each id with the texts of its thread. Goes back in time to the *oldest*, at first by a day, and ends when there is
    more than can be shown.
    """
    at_least, _ = AGES[choice.age] if choice.age else (None, None)
    high = moment(now - at_least if at_least else now) + 1
    window, rates = _Window(high - FIRST_STEP, high), [0.0] * len(query.sought)
    hits: dict[str, list[str]] = {}
    looked_at = 0
    while window.high >= oldest:
        together, rates = await _together(read, query.sought, window, rates)
        async for ids in _in_lists(read, together, choice, now):
            if len(hits) > SHOWN or looked_at >= LOOKED_AT:
                return hits, True
            some = ids[: LOOKED_AT - looked_at]
            hits |= await _in_texts(read, query, some)
            looked_at += len(some)
        window = window.before(rates, len(together), oldest)
    return hits, False


async def _oldest(read: AsyncConnection) -> int:
    """When the first ticket there is was opened."""
    return (await read.execute(select(func.min(ticket.c.opened)))).scalar() or 0


async def _together(
    read: AsyncConnection, sought: Sequence[_Sought], window: _Window, rates: Sequence[float]
) -> tuple[set[int], list[float]]:
    """When tickets of this window were opened that may have all that is sought; and how often each stands there.

    *rates*: how often each stood in the window after it, in places of the index a second; 0 before the first.
    What is rare is read through, all of it in one statement. What is common is then looked for where the rare is.
    """
    dialect, opened = read.dialect.name, message_word.c.opened
    expected = [rate * window.length for rate in rates]
    places = range(len(sought))
    rare = [place for place in places if expected[place] <= max(min(expected), READ_THROUGH)]
    has_word = [lists.is_one_of(dialect, message_word.c.key, one.hashes) for one in sought]
    is_about = {p: lists.is_one_of(dialect, ticket.c.topic, sought[p].topics) for p in places if sought[p].topics}
    words = [(opened, [has_word[place], window.is_of(opened)]) for place in rare]
    about = [(ticket.c.opened, [is_there, window.is_of(ticket.c.opened)]) for is_there in is_about.values()]
    lists_of = await lists.all_of_each(read, [*words, *about])
    by_word = dict(zip(rare, lists_of, strict=False))
    by_topic = dict(zip(is_about, lists_of[len(rare) :], strict=True))
    together: set[int] | None = None
    for place in (*rare, *(place for place in places if place not in rare)):
        if together is not None and not together:
            break
        if place not in by_word:
            is_few = len(together or ()) * len(sought[place].hashes) <= expected[place]
            where = lists.is_one_of(dialect, opened, together or ()) if is_few else window.is_of(opened)
            (by_word[place],) = await lists.all_of_each(read, [(opened, [has_word[place], where])])
        there = {*by_word[place], *by_topic.get(place, ()), *filter(window.has, sought[place].named)}
        together = there if together is None else together & there
    seen = [len(by_word[place]) / window.length if place in rare else rates[place] for place in places]
    return together or set(), seen


async def _in_lists(
    read: AsyncConnection, moments: Collection[int], choice: Choice, now: datetime
) -> AsyncIterator[list[str]]:
    """The ids of the tickets of this choice that were opened then, latest first, to be read a list after another."""
    latest_first = sorted(moments, reverse=True)
    ids: list[str] = []
    while latest_first:  # of a rare choice there may be few among many
        at_once = AT_ONCE if choice.is_made else READ_AT_ONCE
        ids += await _tickets_at(read, latest_first[:at_once], choice, now)
        latest_first = latest_first[at_once:]
        while len(ids) >= READ_AT_ONCE or (ids and not latest_first):
            yield ids[:READ_AT_ONCE]
            ids = ids[READ_AT_ONCE:]


async def _tickets_at(read: AsyncConnection, moments: Sequence[int], choice: Choice, now: datetime) -> list[str]:
    """The ids of the tickets of this choice that were opened at these *moments*, latest first."""
    were_then = lists.is_one_of(read.dialect.name, ticket.c.opened, moments)
    rows = await read.execute(choice.narrow(select(ticket.c.id, ticket.c.opened).where(were_then), now))
    return [row.id for row in sorted(rows, key=lambda row: (-row.opened, row.id))]


async def _named(read: AsyncConnection, words: Sequence[Word]) -> dict[Word, dict[int, list[str]]]:
    """The tickets, by the moment they were opened, of askers whose alias has one of *words*: their name or number.

    Of names alone, the latest few: there are only some dozen, and a number to tell their bearers apart.
    """
    numbers = [word for word in words if NUMBER.fullmatch(word.plain)]
    animals = {
        word: [animal for animal in ALIAS_ANIMALS if word.stands_in(found.plain_words(animal), near=False)]
        for word in words
        if word not in numbers
    }
    found_by: dict[Word, dict[int, list[str]]] = {word: defaultdict(list) for word in words}
    if not numbers:
        for word, meant in animals.items():
            if meant:
                is_named = or_(*(asker.c.alias.like(f"{animal} %") for animal in meant))
                for row in await _of_askers(read, asker.c.id.in_(select(asker.c.id).where(is_named))):
                    found_by[word][moment(row.opened_at)].append(row.id)
        return found_by
    # No index helps to find a number: all askers are read through once, whichever word they are for.
    is_numbered = or_(*(asker.c.alias.like(f"% {word.plain}%") for word in numbers))
    aliases = select(asker.c.id, asker.c.alias).where(is_numbered).order_by(asker.c.last_seen_at.desc()).limit(NAMED)
    alias_of = {row.id: row.alias for row in await read.execute(aliases)}
    for row in await _of_askers(read, asker.c.id.in_(alias_of)):
        alias = alias_of[row.asker_id]
        has = {word for word in numbers if f" {word.plain}" in alias}
        if has == set(numbers):
            has |= {word for word, meant in animals.items() if alias.partition(" ")[0] in meant}
        for word in has:
            found_by[word][moment(row.opened_at)].append(row.id)
    return found_by


async def _of_askers(read: AsyncConnection, are_meant: ColumnElement[bool]) -> Sequence[Row[Any, Any, Any]]:
    """The latest tickets of the askers who are meant."""
    theirs = (
        select(ticket.c.id, ticket.c.opened_at, conversation.c.asker_id)
        .select_from(ticket.join(conversation, ticket.c.conversation_id == conversation.c.id).join(asker))
        .where(are_meant)
        .order_by(ticket.c.opened_at.desc())
        .limit(NAMED)
    )
    return (await read.execute(theirs)).all()


async def _in_texts(read: AsyncConnection, query: _Query, ids: Sequence[str]) -> dict[str, list[str]]:
    """Those of the tickets that do have all that is sought, with the texts that may have some of it."""
    # A sum is looked for in no index: the few words of each message are read through, not looked up one by one.
    hash_of_word = message_word.c.key + 0
    hashes = {hash_ for one in query.sought for hash_ in one.hashes}
    dialect = read.dialect.name
    has_some = exists().where(message_word.c.message_id == message.c.id, lists.is_among(dialect, hash_of_word, hashes))
    named: dict[str, int] = {}
    if any(one.topics or one.named for one in query.sought):
        of_ids = (
            select(ticket.c.id, ticket.c.topic, asker.c.alias)
            .select_from(ticket.join(conversation, ticket.c.conversation_id == conversation.c.id).join(asker))
            .where(lists.is_one_of(dialect, ticket.c.id, ids))
        )
        for row in await read.execute(of_ids):
            named[row.id] = query.reading.of(row.alias) | query.topics.get(row.topic, 0)
    said = (
        select(message.c.ticket_id, _searched_text().label("text"))
        .where(lists.is_one_of(dialect, message.c.ticket_id, ids), has_some)
        .order_by(message.c.ticket_id, message.c.id)
    )
    texts: dict[str, list[str]] = defaultdict(list)
    for row in await read.execute(said):
        texts[row.ticket_id].append(row.text)
    return {id_: texts[id_] for id_ in ids if _has_all(query.reading, named.get(id_, 0), texts[id_])}


def _has_all(reading: Reading, seen: int, texts: Sequence[str]) -> bool:
    """Reads no further than it has to."""
    for text in texts:
        if seen == reading.all:
            break
        seen |= reading.of(text)
    return seen == reading.all


# --- words as keyed hashes -------------------------------------------------------------------------------------


def _rows(said: Iterable[tuple[int, str, datetime]], vault: Vault) -> list[dict[str, int]]:
    return [row for id_, text, opened_at in said for row in rows_of(id_, text, opened_at, vault)]


def _searched_text() -> ColumnElement[str]:
    """The text, unless it is of contact details, which only whoever has the question may see."""
    has_contacts = func.coalesce(message.c.verdict["contacts"].as_boolean(), False)
    return case((has_contacts, ""), else_=message.c.text)


def _hashes(keys: Iterable[str], vault: Vault) -> set[int]:
    return {_hash(key, vault) for key in keys}


def _hash(key: str, vault: Vault) -> int:
    """32 bits: of a million beginnings, a few hundred share theirs with another, and that is seen in the texts."""
    return int(vault.lookup("word", key)[:8], 16) - 2**31
