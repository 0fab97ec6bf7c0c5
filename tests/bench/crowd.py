"""A service that has been busy for half a year: 100,000 tickets with 1,000,000 messages, straight into the tables."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import chain, count
from random import Random
from typing import Any

import psycopg
from sqlalchemy import Table
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from bot.store import schema, search
from bot.store.moments import moment
from bot.vault import Vault
from knowledge import library
from tests.support import people

SEED = 2010
TICKETS = 100_000
MESSAGES = 10  # a ticket
OPEN = 2_000  # of the tickets
EVENTS = 200_000
DAYS = 170
AUTHORS = ("asker", "advisor", "note", "asker", "advisor", "asker", "advisor", "asker", "asker", "advisor")
ANIMALS = ("Kettu", "Ilves", "Hauki", "Kuikka", "Majava", "Pöllö", "Saukko", "Teeri")
LETTERS = "aeioutnslkrvhymjp"


@dataclass
class Crowd:
    """Makes the rows. *account_ids* are the advisors'; of *size* tickets in *days* the last *left_open* are open."""

    account_ids: Sequence[str]
    now: datetime
    size: int = TICKETS
    left_open: int = OPEN
    days: int = DAYS
    happened: int = EVENTS

    def __post_init__(self) -> None:
        entries = library.load().entries
        self.dice = Random()
        self.topics = [entry.id for entry in entries]
        self.questions = [phrasing for entry in entries for phrasing in entry.phrasings.get("fi", ())]
        self.replies = [
            line for entry in entries for line in entry.answer.splitlines() if 40 < len(line) < 300 and "](" not in line
        ]

    def people(self) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
        """An asker, their address and their conversation, for every two tickets."""
        for number in range(self.size // 2):
            id_, channel = id_of(number), ("web", "telegram")[number % 2]
            at = self._at(number * 2)
            yield (
                {
                    "id": id_,
                    "alias": f"{ANIMALS[number % len(ANIMALS)]} {100 + number % 900}",
                    "language": ("fi", "fi", "fi", "fi", "sv", "en")[number % 6],
                    "created_at": at,
                    "last_seen_at": at,
                    "last_events": {},
                },
                {
                    "id": id_,
                    "asker_id": id_,
                    "channel": channel,
                    "lookup": id_of(number),
                    "sealed": b"sealed",
                    "reachable": True,
                },
                {
                    "id": id_,
                    "asker_id": id_,
                    "address_id": id_,
                    "channel": channel,
                    "state": {},
                    "version": 0,
                    "created_at": at,
                },
            )

    def tickets(self) -> Iterator[dict[str, Any]]:
        """The tickets, oldest first; the last are open, half of them with an advisor."""
        for number in range(self.size):
            at, is_open = self._at(number), number >= self.size - self.left_open
            holder = self.account_ids[number % len(self.account_ids)]
            yield {
                "id": id_of(number),
                "conversation_id": id_of(number % (self.size // 2)),
                "role": ("tyovoimaneuvoja", "sosiaaliohjaaja")[number % 3 == 0],
                "urgent": number % 400 == 0,
                "topic": self.topics[number * 7 % len(self.topics)],
                "opened_at": at,
                "opened": moment(at),
                "promised_at": self.now + timedelta(days=5, hours=number % 40) if is_open else at + timedelta(hours=4),
                "account_id": holder if not is_open or number % 2 else None,
                "claimed_at": at + timedelta(hours=1) if not is_open or number % 2 else None,
                "replied_at": None if is_open and number % 2 == 0 else at + timedelta(hours=2),
                "closed_at": None if is_open else at + timedelta(days=1),
                "outcome": None if is_open else "answered",
                "version": 3,
            }

    def messages(self) -> Iterator[dict[str, Any]]:
        """The threads' messages, in the order they were said; nobody has replied to an unclaimed open ticket."""
        ids = count(1)
        for number in range(self.size):
            is_free = number >= self.size - self.left_open and number % 2 == 0
            for place, author in enumerate(AUTHORS):
                written = "asker" if is_free or (number % 4 == 0 and place == MESSAGES - 1) else author
                is_staffs = written in {"advisor", "note"}
                yield {
                    "id": next(ids),
                    "conversation_id": id_of(number % (self.size // 2)),
                    "ticket_id": id_of(number),
                    "author": written,
                    "account_id": self.account_ids[number % len(self.account_ids)] if is_staffs else None,
                    "text": self.text(number * MESSAGES + place + 1, is_reply=is_staffs),
                    "buttons": [],
                    "verdict": {"kind": "choices", "hits": [], "confidence": 0.3} if place == 0 else None,
                    "indexed_as": search.RULES,
                    "created_at": self._at(number) + timedelta(minutes=place),
                }

    def words(self) -> Iterator[tuple[int, int, int]]:
        """By which words the messages are found, as the service would write it: message_id, key, opened."""
        vault = Vault(people.SECRET_KEY)

        @cache
        def keys_of(piece: str) -> list[int]:
            return [row["key"] for row in search.rows_of(0, piece, self.now, vault)]

        for said in self.messages():
            opened = moment(self._at((said["id"] - 1) // MESSAGES))
            keys = {key for piece in said["text"].split() for key in keys_of(piece)}
            yield from ((said["id"], key, opened) for key in sorted(keys))

    def deliveries(self) -> Iterator[dict[str, Any]]:
        """What was done to deliver the replies."""
        places = [place for place, author in enumerate(AUTHORS) if author == "advisor"]
        for number in range(self.size):
            if number >= self.size - self.left_open and number % 2 == 0:
                continue
            for place in places:
                message_id, at = number * MESSAGES + place + 1, self._at(number)
                yield {
                    "id": message_id,
                    "key": f"reply:{message_id}",
                    "message_id": message_id,
                    "act": "send",
                    "channel": ("web", "telegram")[number % 2],
                    "destination": id_of(number % (self.size // 2)),
                    "state": "sent",
                    "attempts": 1,
                    "uncertain": False,
                    "not_before": at,
                    "queued_at": at,
                    "finished_at": at,
                }

    def events(self) -> Iterator[dict[str, Any]]:
        """What happened, evenly over the days."""
        kinds = ("asked", "answered", "asked", "choices", "picked", "escalated", "human_reply", "helped")
        for number in range(self.happened):
            at = self.now - timedelta(days=self.days) * (1 - number / self.happened)
            yield {
                "id": number + 1,
                "kind": kinds[number % len(kinds)],
                "at": at,
                "local_day": at.date(),
                "local_hour": at.hour,
                "in_office_hours": 9 <= at.hour < 16,
                "channel": "web",
                "language": "fi",
                "first_of_day": True,
                "first_of_week": number % 2 == 0,
                "first_of_year": False,
                "first_of_month": number % 3 == 0,
                "first_of_campaign": False,
                "first_of_first_campaign": False,
                "is_returning": False,
            }

    def text(self, message_id: int, *, is_reply: bool) -> str:
        """One or two things people ask, some words misspelt; or two sentences of an answer; the same for an id."""
        self.dice.seed(message_id)
        if is_reply:
            return " ".join(self.dice.choices(self.replies, k=2))
        said = " ".join(self.dice.choices(self.questions, k=self.dice.choice((1, 1, 2))))
        return " ".join(self._misspelt(word) if self.dice.random() < 0.15 else word for word in said.split())

    def _misspelt(self, word: str) -> str:
        if len(word) < 4:
            return word
        place = self.dice.randrange(1, len(word) - 1)
        left, letter, right = word[:place], word[place], word[place + 1 :]
        return self.dice.choice(
            (
                left + right,
                left + letter + letter + right,
                left + right[0] + letter + right[1:],
                left + self.dice.choice(LETTERS) + right,
            )
        )

    def _at(self, number: int) -> datetime:
        return self.now - timedelta(days=self.days) * (1 - number / self.size) - timedelta(hours=1)


def fill(url: str, crowd: Crowd) -> None:
    """Write the crowd into the migrated database at *url*."""
    askers = list(crowd.people())
    for table, rows in (
        (schema.asker, (asker for asker, _, _ in askers)),
        (schema.address, (address for _, address, _ in askers)),
        (schema.conversation, (conversation for _, _, conversation in askers)),
        (schema.ticket, crowd.tickets()),
        (schema.message, crowd.messages()),
        (schema.outbox, crowd.deliveries()),
        (schema.event, crowd.events()),
    ):
        write(url, table, rows)


def fill_index(url: str, crowd: Crowd) -> None:
    """Write the words of the crowd's messages; their second index is made at the end, or that would take an hour."""
    (index,) = schema.message_word.indexes
    drop, create = f"DROP INDEX {index.name}", str(CreateIndex(index))
    _run(url, drop)
    _write(url, schema.message_word, ("message_id", "key", "opened"), crowd.words())
    _run(url, create)


def _run(url: str, statement: str) -> None:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(make_url(url).database or "")
        connection.execute("PRAGMA synchronous = 0")
        connection.execute(statement)
        connection.close()
        return
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
        server.execute(b"SET maintenance_work_mem = '512MB'")
        server.execute(statement.encode())


def write(url: str, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Write *rows*, all with the same columns, past SQLAlchemy: that would take ten times as long.

    What is left out has its default.
    """
    first = next(rows := iter(rows))
    as_stored = _as_sqlite if url.startswith("sqlite") else _as_json
    left_out = {
        column.name: as_stored(column.default.arg)
        for column in table.columns
        if column.name not in first and isinstance(column.default, ScalarElementColumnDefault)
    }
    values = (tuple(map(as_stored, row.values())) + tuple(left_out.values()) for row in chain([first], rows))
    _write(url, table, [*first, *left_out], values)


def _write(url: str, table: Table, names: Sequence[str], values: Iterable[tuple[Any, ...]]) -> None:
    columns = ", ".join(f'"{name}"' for name in names)
    if url.startswith("sqlite"):
        with sqlite3.connect(make_url(url).database or "") as connection:
            connection.execute("PRAGMA synchronous = 0")
            connection.execute("PRAGMA cache_size = -300000")
            places = ", ".join("?" * len(names))
            connection.executemany(f'INSERT INTO "{table.name}" ({columns}) VALUES ({places})', values)
        connection.close()
        return
    with (
        psycopg.connect(url.replace("+psycopg", "")) as server,
        server.cursor() as cursor,
        cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN'.encode()) as copy,
    ):
        for value in values:
            copy.write_row(value)


def settle(url: str, *more: Table) -> None:
    """What a night does on a running server: fresh statistics, ids that go on where the rows end."""
    if url.startswith("sqlite"):
        return
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
        for table in (schema.message, schema.outbox, schema.event, *more):
            sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
            server.execute(f"SELECT setval({sequence}, (SELECT max(id) FROM {table.name}))".encode())
        server.execute(b"VACUUM ANALYZE")


def _as_json(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _as_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return value.isoformat() if isinstance(value, date) else _as_json(value)


def id_of(number: int) -> str:
    """32 hexadecimal digits in no order, as ours are; the same for the same number."""
    return f"{(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"
