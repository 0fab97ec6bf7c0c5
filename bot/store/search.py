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
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Select, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import found
from bot.found import Line, Word
from bot.store import tickets
from bot.store.conversations import ALIAS_ANIMALS
from bot.store.engine import Store, StoreUnavailable
from bot.store.schema import asker, conversation, message, message_word, ticket
from bot.store.tickets import Choice, TicketRow
from bot.vault import Vault

RULES = 1  # of `found.keys`: when they change, a migration empties message_word and indexed_as
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
BATCH = 100  # messages a transaction
LOOK_AGAIN_SECONDS = 5.0
TRY_AGAIN_SECONDS = 1.0

NEWEST = 20_000  # places that one word is looked up at: of older ones nobody knows before the texts are read
LOOKED_AT = 150  # tickets whose texts are read
CHUNK, LONGEST_LOOK = 300, 6000  # moments, when hardly anything is of the choice
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


@dataclass
class _Places:
    """Where one word may stand: messages and tickets by the moment their ticket was opened.

    *unknown_until*: what was opened then or before was not looked up, and may have it, too.
    """

    messages: dict[int, list[int]]
    tickets: dict[int, list[str]]
    unknown_until: int

    def __len__(self) -> int:
        return len(self.messages) + len(self.tickets)

    def may_have(self, opened: int) -> bool:
        return opened in self.messages or opened in self.tickets or opened <= self.unknown_until


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
    """Index every message of a ticket that is not yet; returns how many there were."""
    number = 0
    while not store.hub.is_stopping:
        async with store.read() as read:
            said = [(row.id, row.text, row.opened_at) for row in await read.execute(_unindexed())]
        if not said:
            break
        rows = await asyncio.to_thread(_rows, said, vault) if len(said) > 1 else _rows(said, vault)
        await _write(store, [id_ for id_, _, _ in said], rows)
        number += len(said)
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


async def _write(store: Store, ids: Sequence[int], rows: Sequence[Mapping[str, int]]) -> None:
    """Keep the *rows* of those messages that are still there and not yet indexed by another process."""
    async with store.write() as tx:
        open_ones = select(message.c.id).where(message.c.id.in_(ids), message.c.indexed_as.is_(None))
        locked = {row.id for row in await tx.execute(open_ones.with_for_update(skip_locked=True))}
        kept = [row for row in rows if row["message_id"] in locked]
        if kept:
            insert = postgresql.insert if tx.dialect == "postgresql" else sqlite.insert
            await tx.execute(insert(message_word).on_conflict_do_nothing(), kept)
        await tx.execute(update(message).where(message.c.id.in_(locked)).values(indexed_as=RULES))


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
    exact, is_cut = await _look(read, vault, words, choice, now, titles, near=False)
    near: list[tuple[str, Line | None]] = []
    if len(exact) < ENOUGH:
        near, is_near_cut = await _look(read, vault, words, choice, now, titles, near=True)
        is_cut = is_cut or is_near_cut
    lines = dict(near) | dict(exact)
    ids = list(dict.fromkeys(id_ for id_, _ in (*exact, *near)))
    rows = await tickets.of_ids(read, ids[:SHOWN])
    return Hits([Hit(row, lines[row.id]) for row in rows], is_cut or len(ids) > SHOWN)


async def _look(
    read: AsyncConnection,
    vault: Vault,
    words: Sequence[Word],
    choice: Choice,
    now: datetime,
    titles: Mapping[str, str],
    *,
    near: bool,
) -> tuple[list[tuple[str, Line | None]], bool]:
    """The ids and lines of the tickets with all *words*, latest first, and whether there may be more."""
    topics = {id_: found.plain_words(title) for id_, title in titles.items()}
    places = [await _places(read, vault, word, topics, near=near) for word in words]
    rarest = min(places, key=len)
    moments = sorted({*rarest.messages, *rarest.tickets}, reverse=True)
    together = [opened for opened in moments if all(place.may_have(opened) for place in places)]
    is_cut = rarest.unknown_until > 0
    ids: list[str] = []
    for start in range(0, len(together), CHUNK):
        if len(ids) >= LOOKED_AT or start >= LONGEST_LOOK:
            is_cut = True
            break
        ids += await _of_choice(read, rarest, together[start : start + CHUNK], choice, now)
    return await _in_texts(read, words, ids[:LOOKED_AT], topics, near=near), is_cut


async def _places(
    read: AsyncConnection, vault: Vault, word: Word, topics: Mapping[str, Collection[str]], *, near: bool
) -> _Places:
    """Where *word* may stand in texts, and whose alias or topic has it; the latest `NEWEST` of each."""
    hashes = _hashes(word.near_keys if near else word.keys, vault)
    indexed = (
        select(message_word.c.opened, message_word.c.message_id)
        .where(message_word.c.key.in_(hashes))
        .order_by(message_word.c.opened.desc())
        .limit(NEWEST)
    )
    rows = (await read.execute(indexed)).all()
    unknown_until = rows[-1].opened if len(rows) == NEWEST else 0
    by_message: dict[int, list[int]] = defaultdict(list)
    for opened, message_id in rows:
        by_message[opened].append(message_id)
    by_ticket: dict[int, list[str]] = defaultdict(list)
    about = [id_ for id_, title in topics.items() if word.stands_in(title, near=near)]
    for named in (_by_topic(about), _by_alias(word)):
        if named is None:
            continue
        tickets_named = (await read.execute(named.order_by(ticket.c.opened_at.desc()).limit(NEWEST))).all()
        for row in tickets_named:
            by_ticket[moment(row.opened_at)].append(row.id)
        if len(tickets_named) == NEWEST:
            unknown_until = max(unknown_until, moment(tickets_named[-1].opened_at))
    return _Places(by_message, by_ticket, unknown_until)


def _by_topic(topics: Sequence[str]) -> Select[tuple[str, datetime]] | None:
    return select(ticket.c.id, ticket.c.opened_at).where(ticket.c.topic.in_(topics)) if topics else None


def _by_alias(word: Word) -> Select[tuple[str, datetime]] | None:
    """Those of the askers whom *word* may be the name or the number of."""
    if NUMBER.fullmatch(word.plain):
        is_named: ColumnElement[bool] = asker.c.alias.like(f"% {word.plain}%")
    else:
        animals = [animal for animal in ALIAS_ANIMALS if word.stands_in(found.plain_words(animal), near=False)]
        if not animals:
            return None
        is_named = or_(*(asker.c.alias.like(f"{animal} %") for animal in animals))
    return _with_asker(select(ticket.c.id, ticket.c.opened_at)).where(is_named)


def _with_asker(statement: Select[Any]) -> Select[Any]:
    joined = ticket.join(conversation, ticket.c.conversation_id == conversation.c.id).join(asker)
    return statement.select_from(joined)


async def _of_choice(
    read: AsyncConnection, places: _Places, moments: Sequence[int], choice: Choice, now: datetime
) -> list[str]:
    """The ids of the tickets at these *moments* that are of this choice, latest first."""
    message_ids = [id_ for opened in moments for id_ in places.messages.get(opened, ())]
    ticket_ids = {id_ for opened in moments for id_ in places.tickets.get(opened, ())}
    of_messages = select(message.c.ticket_id).where(message.c.id.in_(message_ids)).distinct()
    ticket_ids |= {row.ticket_id for row in await read.execute(of_messages)}
    chosen = choice.narrow(select(ticket.c.id).where(ticket.c.id.in_(ticket_ids)), now)
    return [row.id for row in await read.execute(chosen.order_by(ticket.c.opened_at.desc(), ticket.c.id))]


async def _in_texts(
    read: AsyncConnection,
    words: Sequence[Word],
    ids: Sequence[str],
    topics: Mapping[str, Collection[str]],
    *,
    near: bool,
) -> list[tuple[str, Line | None]]:
    """Those of the tickets that do have all *words*, and the line with most of them."""
    named = _with_asker(select(ticket.c.id, ticket.c.topic, asker.c.alias)).where(ticket.c.id.in_(ids))
    names = {row.id: found.plain_words(row.alias) | set(topics.get(row.topic, ())) for row in await read.execute(named)}
    said = (
        select(message.c.ticket_id, _searched_text().label("text"))
        .where(message.c.ticket_id.in_(ids))
        .order_by(message.c.ticket_id, message.c.id)
    )
    texts: dict[str, list[str]] = defaultdict(list)
    for row in await read.execute(said):
        texts[row.ticket_id].append(row.text)
    hits = []
    for id_ in ids:
        there = names[id_].union(*(found.plain_words(text) for text in texts[id_]))
        if all(word.stands_in(there, near=near) for word in words):
            hits.append((id_, found.best_line(words, texts[id_], near=near)))
    return hits


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
