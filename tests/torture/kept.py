"""What the database says at the end of a run, for the reckoning."""

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.markup import as_plain_text, as_telegram_html
from bot.signature import signature
from bot.store.engine import Store
from bot.store.schema import account, address, audit, chat_link, conversation, decision, inbox, message, notice, outbox
from bot.store.schema import quarantine as quarantine_table
from bot.vault import Vault
from knowledge.entry import LANGUAGES
from tests.support import telegram_html
from tests.torture.ledger import Handled, Kept, Key, Row

APPEARS = ("send", "file", "picture")  # the other acts change or remove what has appeared


async def work_left(store: Store) -> int:
    """How much still waits that somebody waits for."""
    async with store.read() as read:
        waiting = select(func.count()).where(inbox.c.state == "open").scalar_subquery()
        unsent = (
            select(func.count())
            .where(outbox.c.state.in_(("queued", "sending")), ~outbox.c.is_broadcast)
            .scalar_subquery()
        )
        return int((await read.execute(select(waiting + unsent))).scalar_one())


async def read_kept(store: Store, vault: Vault) -> Kept:
    """All of it, of one moment."""
    async with store.read() as read:
        acts = await read.execute(
            select(audit.c.act, audit.c.subject, func.count()).group_by(audit.c.act, audit.c.subject)
        )
        said = await read.execute(
            select(message.c.text, func.count()).where(message.c.author == "advisor").group_by(message.c.text)
        )
        aside = await read.execute(select(quarantine_table.c.channel, quarantine_table.c.key))
        waiting = select(outbox.c.channel, outbox.c.id).where(
            outbox.c.state.in_(("queued", "sending")), ~outbox.c.is_broadcast, outbox.c.channel != "telegram"
        )
        return Kept(
            await _handled(read),
            {(row.channel, row.key) for row in aside},
            await _rows(read, vault),
            Counter({(act, subject): times for act, subject, times in acts}),
            Counter(dict(tuple(row) for row in said)),
            [f"{row.channel} {row.id}" for row in await read.execute(waiting)],
        )


async def _handled(read: AsyncConnection) -> dict[Key, Handled]:
    replies: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for row in await read.execute(
        select(outbox.c.inbox_id, outbox.c.state, message.c.text)
        .join(message, outbox.c.message_id == message.c.id)
        .where(outbox.c.inbox_id.is_not(None))
    ):
        replies[row.inbox_id].append((row.state, row.text))
    statement = select(
        inbox.c.id, inbox.c.channel, inbox.c.key, inbox.c.state, decision.c.kind, decision.c.replies
    ).join(decision, decision.c.inbox_id == inbox.c.id, isouter=True)
    return {
        (row.channel, row.key): Handled(row.state, row.kind, row.replies or 0, replies[row.id])
        for row in await read.execute(statement)
    }


async def _rows(read: AsyncConnection, vault: Vault) -> dict[str, list[Row]]:
    """Telegram's rows by chat."""
    statement = (
        select(
            outbox,
            message.c.text.label("said"),
            message.c.author,
            account.c.shown_name,
            account.c.role,
            notice.c.text.label("told"),
            func.coalesce(outbox.c.sealed_address, address.c.sealed, chat_link.c.sealed).label("sealed"),
        )
        .join(message, outbox.c.message_id == message.c.id, isouter=True)
        .join(notice, outbox.c.notice_id == notice.c.id, isouter=True)
        .join(account, message.c.account_id == account.c.id, isouter=True)
        .join(conversation, message.c.conversation_id == conversation.c.id, isouter=True)
        .join(address, conversation.c.address_id == address.c.id, isouter=True)
        .join(chat_link, outbox.c.destination == chat_link.c.id, isouter=True)
        .where(outbox.c.channel == "telegram", outbox.c.act.in_(APPEARS), ~outbox.c.is_broadcast)
        .order_by(outbox.c.id)
    )
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for row in await read.execute(statement):
        if row.sealed is not None:
            rows[vault.unseal(row.sealed)].append(_row(row))
    return dict(rows)


def _row(row: Any) -> Row:
    text = row.said if row.said is not None else row.told or ""
    if row.author == "advisor":
        texts = {f"{signature(language, row.role, row.shown_name)}\n{text}" for language in LANGUAGES}
    else:
        texts = {telegram_html.parse(as_telegram_html(text))[0], as_plain_text(text)}
    return Row(
        row.id,
        frozenset(texts),
        row.state,
        row.attempts,
        row.uncertain,
        int(row.external_id) if row.external_id else None,
        row.reason or "",
        row.is_urgent,
    )
