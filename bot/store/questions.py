"""What has been asked, for the people who improve the answers: views on messages, without who asked.

Nothing is copied: what an asker has erased, or retention has taken, is in no view any more. Left out of every view are
contact details, whole conversations in which the bot saw danger, and what was said on in a thread.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import ColumnElement, FromClause, Select, and_, exists, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Tx
from bot.store.lists import is_one_of
from bot.store.narrowing import ALL, Narrowing
from bot.store.schema import asker, conversation, message, ticket
from knowledge.entry import Language

JUDGED = ("answer", "choices", "escalate")
NEAR_DANGER = "near_danger"  # of a verdict: a message of danger in the same talk has been forgotten

Lack = Literal["not_helped", "sent", "unknown", "not_chosen"]
GapReason = Literal["answered", "not_ours", "known", "later", "other"]
GAP_REASONS: tuple[GapReason, ...] = get_args(GapReason)
PhrasingDecision = Literal["confirmed", "rejected"]


@dataclass(frozen=True)
class Given:
    """An entry that was given to a question; *helped* as its asker said, None when they said nothing.

    *was_picked*: the asker chose it from titles.
    """

    entry_id: str
    helped: bool | None
    was_picked: bool


@dataclass(frozen=True)
class AskedQuestion:
    """A question as it was asked, and what came of it; *given* in that order.

    *kind*, *hits* (entry id, score) and *confidence* are the bot's verdict at that time. *gap* and *phrasing* are what
    the staff have decided about it, if anything.
    """

    id: int
    text: str
    language: Language
    asked_at: datetime
    kind: str
    hits: tuple[tuple[str, float], ...]
    confidence: float | None
    was_sent: bool
    given: tuple[Given, ...] = ()
    gap: str | None = None
    phrasing: str | None = None

    @property
    def lack(self) -> Lack | None:
        """What was missing: it was sent to a person, the answer didn't help, or there was none; None when all was well.

        *unknown*: the bot knew none; *not_chosen*: none of those it offered was taken.
        """
        if self.was_sent:
            return "sent"
        if any(given.helped for given in self.given):
            return None
        if any(given.helped is False for given in self.given):
            return "not_helped"
        if self.given:
            return None
        return {"escalate": "unknown", "choices": "not_chosen"}.get(self.kind)  # type: ignore[return-value]


@dataclass(frozen=True)
class Origin:
    """Whose a question is and where it came from: for counting its like, and for nobody's eyes."""

    asker_id: str
    channel: str
    language: Language


async def lately(
    read: AsyncConnection,
    *,
    limit: int,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    only: Narrowing = ALL,
) -> list[AskedQuestion]:
    """The newest questions first, at most *limit*: asked *since* then, not *until* later, *before* that id."""
    wanted = _questions().where(*only.conditions())
    if since is not None:
        wanted = wanted.where(message.c.created_at >= since)
    if until is not None:
        wanted = wanted.where(message.c.created_at < until)
    if before is not None:
        moment = select(message.c.created_at).where(message.c.id == before).scalar_subquery()
        earlier = message.c.created_at < moment
        wanted = wanted.where(or_(earlier, and_(message.c.created_at == moment, message.c.id < before)))
    return await _read(read, wanted.order_by(message.c.created_at.desc(), message.c.id.desc()).limit(limit))


async def of(read: AsyncConnection, ids: Sequence[int]) -> list[AskedQuestion]:
    """These questions, those of them that are still there, in the order asked."""
    return await _read(read, _questions().where(message.c.id.in_(ids)).order_by(message.c.created_at, message.c.id))


async def origins(read: AsyncConnection, ids: Sequence[int]) -> dict[int, Origin]:
    """Where these questions came from, of those that are still there."""
    rows = await read.execute(
        select(message.c.id, asker.c.id.label("asker_id"), conversation.c.channel, asker.c.language)
        .join(conversation, message.c.conversation_id == conversation.c.id)
        .join(asker, conversation.c.asker_id == asker.c.id)
        .where(is_one_of(read.dialect.name, message.c.id, ids))
    )
    return {row.id: Origin(row.asker_id, row.channel, row.language) for row in rows}


async def put_aside(tx: Tx, ids: Sequence[int], reason: GapReason) -> None:
    """Take these questions off the list of gaps."""
    await tx.execute(update(message).where(message.c.id.in_(ids), message.c.author == "asker").values(gap=reason))


async def bring_back(tx: Tx, ids: Sequence[int]) -> None:
    """Put these questions on the list of gaps again."""
    await tx.execute(update(message).where(message.c.id.in_(ids), message.c.author == "asker").values(gap=None))


async def decide_phrasings(tx: Tx, ids: Sequence[int], decision: PhrasingDecision) -> None:
    """Take these questions off the list of phrasings to look at."""
    these = update(message).where(message.c.id.in_(ids), message.c.author == "asker")
    await tx.execute(these.values(phrasing=decision))


def _questions() -> Select[tuple[object, ...]]:
    kind = message.c.verdict["kind"].as_string()
    earlier = message.alias()
    began_thread = and_(
        message.c.created_at <= ticket.c.opened_at,  # also when retention has taken what came before
        ~exists().where(
            earlier.c.ticket_id == message.c.ticket_id, earlier.c.author == "asker", earlier.c.id < message.c.id
        ),
    )
    return (
        select(
            message.c.id,
            message.c.text,
            message.c.verdict,
            message.c.created_at,
            message.c.ticket_id,
            message.c.gap,
            message.c.phrasing,
            asker.c.language,
        )
        .join(conversation, message.c.conversation_id == conversation.c.id)
        .join(asker, conversation.c.asker_id == asker.c.id)
        .join(ticket, message.c.ticket_id == ticket.c.id, isouter=True)
        .where(
            text("message.author = 'asker'"),  # not a parameter, or the index that has only these would not be used
            kind.in_(JUDGED),
            func.coalesce(message.c.verdict["contacts"].as_boolean(), False).is_(False),
            or_(message.c.ticket_id.is_(None), began_thread),
            ~_is_near_danger(),
        )
    )


def _is_near_danger() -> ColumnElement[bool]:
    """The bot has seen danger in what the same asker said, before or after: none of it is for strangers' eyes."""
    danger = message.alias()
    return exists().where(
        danger.c.conversation_id == message.c.conversation_id,
        danger.c.author == "asker",
        is_danger(danger),
    )


def is_danger(said: FromClause) -> ColumnElement[bool]:
    """Whether the bot has seen danger in this message, or in one near it that retention has taken since."""
    was_near = func.coalesce(said.c.verdict[NEAR_DANGER].as_boolean(), False)
    return or_(said.c.verdict["kind"].as_string() == "crisis", was_near)


async def keep_unread(tx: Tx, message_ids: Sequence[int]) -> None:
    """Mark what stays of the talks in whose messages of these ids there was danger, before those go."""
    of_danger = select(message.c.conversation_id).where(message.c.id.in_(message_ids), is_danger(message))
    talks = set((await tx.execute(of_danger)).scalars())
    if not talks:
        return
    staying = select(message.c.id, message.c.verdict).where(
        message.c.conversation_id.in_(talks), message.c.author == "asker", message.c.id.not_in(message_ids)
    )
    for row in [row for row in await tx.execute(staying) if row.verdict]:
        marked = {**row.verdict, NEAR_DANGER: True}
        await tx.execute(update(message).where(message.c.id == row.id).values(verdict=marked))


async def _read(read: AsyncConnection, wanted: Select[tuple[object, ...]]) -> list[AskedQuestion]:
    rows = (await read.execute(wanted)).all()
    given = await _given(read, [row.id for row in rows])
    return [
        AskedQuestion(
            id=row.id,
            text=row.text,
            language=row.language,
            asked_at=row.created_at,
            kind=row.verdict["kind"],
            hits=tuple((entry_id, score) for entry_id, score in row.verdict.get("hits", ())),
            confidence=row.verdict.get("confidence"),
            was_sent=row.ticket_id is not None,
            given=tuple(given[row.id]),
            gap=row.gap,
            phrasing=row.phrasing,
        )
        for row in rows
    ]


async def _given(read: AsyncConnection, ids: Sequence[int]) -> dict[int, list[Given]]:
    """What was given to each of these questions."""
    replies = await read.execute(
        select(message.c.question_id, message.c.entry_id, message.c.helped, message.c.buttons)
        .where(message.c.question_id.in_(ids), message.c.author == "bot")
        .order_by(message.c.id)
    )
    given: dict[int, list[Given]] = defaultdict(list)
    offered: dict[int, set[str]] = defaultdict(set)
    for row in replies:
        if row.entry_id is not None:
            given[row.question_id].append(Given(row.entry_id, row.helped, row.entry_id in offered[row.question_id]))
        offered[row.question_id] |= {button["value"] for button in row.buttons if button["verb"] == "pick"}
    return given
