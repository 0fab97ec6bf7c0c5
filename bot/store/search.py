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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import found
from bot.found import Line, Word
from bot.store import tickets
from bot.store.conversations import ALIAS_ANIMALS
from bot.store.engine import Store, StoreUnavailable
from bot.store.schema import asker, conversation, message, message_word, ticket
from bot.store.tickets import AGES, Choice, TicketRow
from bot.vault import Vault

RULES = 1  # of `found.keys`: when they change, a migration empties message_word and indexed_as
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
BATCH = 100  # messages a transaction
LOOK_AGAIN_SECONDS = 5.0
TRY_AGAIN_SECONDS = 1.0

FIRST_STEP = 24 * 60 * 60  # seconds
READ_FIRST, READ_NEXT = 60, 90  # tickets whose texts are read at once
LOOKED_AT = 150  # tickets whose texts are read in all
NAMED = 1000
LOOKED_UP = 20_000  # places in the index that are looked up one by one rather than read through
AT_ONCE = 1000  # moments named in one statement
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

    word: Word
    hashes: Collection[int]
    topics: Sequence[str]
    named: Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class _Window:
    """Tickets that were opened after *low* and not after *high*, in seconds since 2020."""

    low: int
    high: int

    def has(self, opened: int) -> bool:
        return self.low < opened <= self.high

    @property
    def of_words(self) -> ColumnElement[bool]:
        return and_(message_word.c.opened > self.low, message_word.c.opened <= self.high)

    @property
    def of_tickets(self) -> ColumnElement[bool]:
        after, until = (SINCE + timedelta(seconds=opened + 1) for opened in (self.low, self.high))
        return and_(ticket.c.opened_at >= after, ticket.c.opened_at < until)


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
    topics = {id_: found.plain_words(title) for id_, title in titles.items()}
    names = await _named(read, words)
    exact, is_cut = await _look(read, vault, words, choice, now, topics, names, near=False)
    near: dict[str, list[str]] = {}
    if len(exact) < ENOUGH:
        near, is_near_cut = await _look(read, vault, words, choice, now, topics, names, near=True)
        is_cut = is_cut or is_near_cut
    shown = [(id_, texts, False) for id_, texts in exact.items()]
    shown += [(id_, texts, True) for id_, texts in near.items() if id_ not in exact]
    lines = {id_: found.best_line(words, texts, near=is_near) for id_, texts, is_near in shown[:SHOWN]}
    rows = await tickets.of_ids(read, list(lines))
    return Hits([Hit(row, lines[row.id]) for row in rows], is_cut or len(shown) > SHOWN)


async def _look(
    read: AsyncConnection,
    vault: Vault,
    words: Sequence[Word],
    choice: Choice,
    now: datetime,
    topics: Mapping[str, Collection[str]],
    names: Mapping[Word, Mapping[int, Sequence[str]]],
    *,
    near: bool,
) -> tuple[dict[str, list[str]], bool]:
    """The tickets with all *words*, latest first, each id with the texts of its thread; and whether there may be more.

    Goes back in time by longer and longer steps, and ends when there is more than can be shown.
    """
    sought = [
        _Sought(
            word,
            _hashes(word.near_keys if near else word.keys, vault),
            [id_ for id_, title in topics.items() if word.stands_in(title, near=near)],
            names.get(word, {}),
        )
        for word in words
    ]
    hits: dict[str, list[str]] = {}
    looked_at = 0
    for window in _back_in_time(choice, now):
        for ids in await _candidates(read, sought, window, choice, now):
            if len(hits) > SHOWN or looked_at >= LOOKED_AT:
                return hits, True
            some = ids[: LOOKED_AT - looked_at]
            hits |= await _in_texts(read, sought, some, topics, near=near)
            looked_at += len(some)
    return hits, False


def _back_in_time(choice: Choice, now: datetime) -> Iterator[_Window]:
    """From the latest that can be of this choice to the first ticket: a day, then steps four times as long."""
    at_least, _ = AGES[choice.age] if choice.age else (None, None)
    high, length = moment(now - at_least if at_least else now) + 1, FIRST_STEP
    while high > 0:
        low = max(high - length, -1)
        yield _Window(low, high)
        high, length = low, length * 4


async def _candidates(
    read: AsyncConnection, sought: list[_Sought], window: _Window, choice: Choice, now: datetime
) -> list[list[str]]:
    """The ids of the tickets that may have all that is sought, latest first, in lists to be read one after another.

    What is rarest in this window comes to stand first in *sought*: in the next, the others need only be looked for
    where that one is.
    """
    moments: dict[int, set[int]] = {}
    together: set[int] | None = None
    for place, one in enumerate(sought):
        moments[place] = await _moments(read, one, window, together)
        together = moments[place] if together is None else together & moments[place]
        if not together:
            break
    rarest = min(moments, key=lambda place: len(moments[place]))
    sought.insert(0, sought.pop(rarest))
    if not together:
        return []
    opened = await _tickets_at(read, sought[0], window, together, choice, now)
    ids = sorted((id_ for id_, at in opened.items() if at in together), key=lambda id_: (-opened[id_], id_))
    return [ids[:READ_FIRST], *(ids[start : start + READ_NEXT] for start in range(READ_FIRST, len(ids), READ_NEXT))]


async def _moments(read: AsyncConnection, sought: _Sought, window: _Window, among: Collection[int] | None) -> set[int]:
    """When tickets of this window were opened that may have the word; of those *among* others, if any are given."""
    indexed = select(message_word.c.opened).where(_is_indexed(sought, window, among)).distinct()
    moments = set((await read.execute(indexed)).scalars())
    if sought.topics:
        about = select(ticket.c.opened_at).where(ticket.c.topic.in_(sought.topics), window.of_tickets)
        moments |= {moment(opened_at) for opened_at in (await read.execute(about)).scalars()}
    return moments | {opened for opened in sought.named if window.has(opened)}


def _is_indexed(sought: _Sought, window: _Window, among: Collection[int] | None) -> ColumnElement[bool]:
    """Where the index has the word; few moments are looked up one by one, else the whole window is read through."""
    has_word = message_word.c.key.in_(sought.hashes)
    if among is not None and len(among) <= AT_ONCE and len(among) * len(sought.hashes) <= LOOKED_UP:
        return and_(has_word, message_word.c.opened.in_(among))
    return and_(has_word, window.of_words)


async def _tickets_at(
    read: AsyncConnection, sought: _Sought, window: _Window, among: Collection[int], choice: Choice, now: datetime
) -> dict[str, int]:
    """The tickets of this window and choice that may have the word, and when they were opened: all those *among* these
    moments, and maybe others.
    """
    of_word = (
        select(message.c.ticket_id)
        .join(message_word, message_word.c.message_id == message.c.id)
        .where(_is_indexed(sought, window, among))
    )
    ways: list[ColumnElement[bool]] = [ticket.c.id.in_(of_word)]
    if sought.topics:
        ways.append(and_(ticket.c.topic.in_(sought.topics), window.of_tickets))
    if named := [id_ for opened, ids in sought.named.items() if window.has(opened) for id_ in ids]:
        ways.append(ticket.c.id.in_(named))
    opened: dict[str, int] = {}
    for way in ways:  # one after another: either database would read every ticket to look for them at once
        rows = await read.execute(choice.narrow(select(ticket.c.id, ticket.c.opened_at).where(way), now))
        opened |= {row.id: moment(row.opened_at) for row in rows}
    return opened


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


async def _in_texts(
    read: AsyncConnection,
    sought: Sequence[_Sought],
    ids: Sequence[str],
    topics: Mapping[str, Collection[str]],
    *,
    near: bool,
) -> dict[str, list[str]]:
    """Those of the tickets that do have all that is sought, with the texts that may have some of it."""
    # A sum is looked for in no index: the few words of each message are read through, not looked up one by one.
    hash_of_word = message_word.c.key + 0
    hashes = {hash_ for one in sought for hash_ in one.hashes}
    has_some = exists().where(message_word.c.message_id == message.c.id, hash_of_word.in_(hashes))
    words = [one.word for one in sought]
    named = (
        select(ticket.c.id, ticket.c.topic, asker.c.alias)
        .select_from(ticket.join(conversation, ticket.c.conversation_id == conversation.c.id).join(asker))
        .where(ticket.c.id.in_(ids))
    )
    names = {row.id: found.plain_words(row.alias) | set(topics.get(row.topic, ())) for row in await read.execute(named)}
    said = (
        select(message.c.ticket_id, _searched_text().label("text"))
        .where(message.c.ticket_id.in_(ids), has_some)
        .order_by(message.c.ticket_id, message.c.id)
    )
    texts: dict[str, list[str]] = defaultdict(list)
    for row in await read.execute(said):
        texts[row.ticket_id].append(row.text)
    return {id_: texts[id_] for id_ in ids if _have_all(words, names[id_], texts[id_], near=near)}


def _have_all(words: Sequence[Word], names: Collection[str], texts: Sequence[str], *, near: bool) -> bool:
    """Reads no further than it has to."""
    missing = [word for word in words if not word.stands_in(names, near=near)]
    for text in texts:
        if not missing:
            break
        there = found.plain_words(text)
        missing = [word for word in missing if not word.stands_in(there, near=near)]
    return not missing


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


def moment(opened_at: datetime) -> int:
    """A ticket's opening as `message_word` has it."""
    return int((opened_at - SINCE).total_seconds())
