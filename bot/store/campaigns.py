"""Campaigns: where the service is made known, and by which of them an asker came, first and last.

A campaign's code stands on posters that nobody calls back. So it stays what it is; when the campaign is over the link
still leads to the chat, and counts no more.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.conversations import owner
from bot.store.engine import Tx
from bot.store.schema import asker, campaign
from knowledge.entry import Language

# Neither vowels nor what is mistaken for something else: no code is a word, and one can be typed from a poster.
ALPHABET = "23456789bcdfghjkmnpqrstvwxz"
LENGTH = 6

# Of the links that askers pass on to each other: the service's own, so a word, which no other code can be.
SHARED = "kaveri"

LINK = "/k/"  # before the code, in the address of the web chat

Standing = Literal["coming", "running", "over"]


class MadeBefore(Exception):
    """There is such a campaign, and it has not been ended: nothing would tell a second one from it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Campaign:
    """One campaign, from its first to its last local day unless it was ended before; the posters' *questions*."""

    code: str
    name: str
    place: str
    first_day: date
    last_day: date
    ended_at: datetime | None
    questions: Mapping[Language, str]

    @property
    def is_shared(self) -> bool:
        """Whether it is the service's own, of the links that askers pass on: nobody makes or ends it."""
        return self.code == SHARED

    def standing(self, today: date) -> Standing:
        """Whether its links are counted on *today*."""
        if self.ended_at is not None or self.last_day < today:
            return "over"
        return "coming" if today < self.first_day else "running"


def web_link(address: str, code: str, language: Language) -> str:
    """The link to the web chat at *address* that brings a campaign's people there; it opens in *language*."""
    return f"{address}{LINK}{code}" + ("" if language == "fi" else f"?kieli={language}")


def telegram_link(name: str, code: str) -> str:
    """The link that brings them to the bot of this *name* in Telegram."""
    return f"https://t.me/{name}?start={code}"


async def everything(read: AsyncConnection) -> list[Campaign]:
    """All of them, the latest to begin first."""
    rows = await read.execute(select(campaign).order_by(campaign.c.first_day.desc(), campaign.c.code))
    return [_campaign(row) for row in rows]


async def get(read: AsyncConnection, code: str) -> Campaign | None:
    """The one with this code, or None."""
    row = (await read.execute(select(campaign).where(campaign.c.code == code))).first()
    return _campaign(row) if row else None


async def is_running(read: AsyncConnection, code: str, today: date) -> bool:
    """Whether who comes by *code* on *today* is counted."""
    return (await read.execute(select(campaign.c.code).where(_runs(code, today)))).first() is not None


async def make(
    tx: Tx, *, name: str, place: str, first_day: date, last_day: date, questions: Mapping[Language, str] | None = None
) -> str:
    """The code of a new campaign. Raises `MadeBefore` when there is one with the same words and days."""
    words = {"name": name, "place": place, "first_day": first_day, "last_day": last_day}
    same = [campaign.c[column] == value for column, value in words.items()]
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if await tx.insert_once(campaign, {"code": code, **words, "questions": dict(questions or {})}) is not None:
            return code
        before = await tx.execute(select(campaign.c.code).where(*same, campaign.c.ended_at.is_(None)))
        if (row := before.first()) is not None:
            raise MadeBefore(row.code)


async def make_shared(tx: Tx, *, name: str, place: str, today: date) -> None:
    """The service's own campaign, where there is none yet; it has no last day."""
    days = {"first_day": today, "last_day": date.max}
    await tx.insert_once(campaign, {"code": SHARED, "name": name, "place": place, **days, "questions": {}})


async def end(tx: Tx, code: str, now: datetime) -> bool:
    """End it before its last day; False when there is none that could be ended."""
    ended = await tx.execute(
        update(campaign)
        .where(campaign.c.code == code, campaign.c.code != SHARED, campaign.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    return ended.rowcount == 1


async def write_questions(tx: Tx, code: str, questions: Mapping[Language, str]) -> bool:
    """What its posters ask, by language; False when there is no such campaign."""
    changed = await tx.execute(update(campaign).where(campaign.c.code == code).values(questions=dict(questions)))
    return changed.rowcount == 1


async def touch(tx: Tx, conversation_id: str, code: str, today: date) -> bool:
    """Note that this conversation's asker came by *code*; False, and no change, for a code that doesn't run.

    Also when it is noted for today already: the page that a link opened says so with each message until it is left.
    """
    is_news = or_(asker.c.last_campaign.is_distinct_from(code), asker.c.last_campaign_on.is_distinct_from(today))
    noted = await tx.execute(
        update(asker)
        .where(asker.c.id == owner(conversation_id), is_news, exists().where(_runs(code, today)))
        .values(
            first_campaign=func.coalesce(asker.c.first_campaign, code),
            first_campaign_on=func.coalesce(asker.c.first_campaign_on, today),
            last_campaign=code,
            last_campaign_on=today,
        )
    )
    return noted.rowcount == 1


async def join(tx: Tx, coming_id: str, here_id: str) -> None:
    """Put together how two askers came who turn out to be one, and what they did last: *here_id* stays."""
    rows = {row.id: row for row in await tx.execute(select(asker).where(asker.c.id.in_((coming_id, here_id))))}
    both = [rows[here_id], rows[coming_id]]
    latest: dict[str, str] = {}
    for row in both:
        latest |= {kind: max(day, latest.get(kind, "")) for kind, day in row.last_events.items()}
    values: dict[str, object] = {"last_events": latest}
    if came := [row for row in both if row.last_campaign_on is not None]:
        first = min(came, key=lambda row: row.first_campaign_on)
        last = max(came, key=lambda row: row.last_campaign_on)
        values |= {
            "first_campaign": first.first_campaign,
            "first_campaign_on": first.first_campaign_on,
            "last_campaign": last.last_campaign,
            "last_campaign_on": last.last_campaign_on,
        }
    await tx.execute(update(asker).where(asker.c.id == here_id).values(**values))


def _runs(code: str, today: date) -> ColumnElement[bool]:
    return and_(
        campaign.c.code == code,
        campaign.c.first_day <= today,
        campaign.c.last_day >= today,
        campaign.c.ended_at.is_(None),
    )


def _campaign(row: Row[tuple[object, ...]]) -> Campaign:
    return Campaign(row.code, row.name, row.place, row.first_day, row.last_day, row.ended_at, row.questions)
