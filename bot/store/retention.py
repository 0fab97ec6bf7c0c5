"""What is forgotten when: rules that find what has been kept as long as it may be, and the job that deletes it.

The days are the owner's (`bot.profile.Retention`), and askers are told the same ones. The job runs once a night and
deletes what becomes overdue before the next one, so that at no moment anything is kept too long. Nothing goes that is
still to be delivered, and no address while its question is with a person. Events refer to nobody, and stay.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    and_,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    true,
    update,
)

from bot.profile import Retention
from bot.store import audit as audit_log
from bot.store import inbox as inbox_items
from bot.store import questions
from bot.store.engine import Store, Tx
from bot.store.inbox import InboxItem
from bot.store.login_attempts import WINDOW
from bot.store.outbox import is_waiting
from bot.store.schema import (
    address,
    asked_address,
    asker,
    audit,
    conversation,
    decision,
    digest_run,
    draft,
    group_message,
    inbox,
    invitation,
    link_code,
    login_attempt,
    message,
    message_word,
    notice,
    outbox,
    quarantine,
    session,
    subscription,
    summary_reader,
    ticket,
)
from bot.store.sessions import IDLE, LIFETIME
from bot.store.summary_readers import ASKED_AGAIN_AFTER, BOUNCED_SHOWN, CONFIRM_WITHIN, REFUSAL_HOLDS

WEB = "web"
NIGHTLY_AT = time(3, 30)  # local
UNTIL_NEXT = timedelta(hours=26)  # a night of the autumn is 25 hours long, and the tick comes when it comes
BATCH = 500  # rows a transaction, at most
FEWEST = 20
TAKES = 0.015  # seconds for the work of a transaction, its commit not counted: others wait for both
LOOKED_UP = 50_000  # ids found by one look through a table
PAUSE_SECONDS = 0.02  # between two transactions: others write then

UNHANDLED = timedelta(hours=24)  # what was received, sealed, until it is handled
UNHANDLED_AHEAD = timedelta(hours=1)
OVER = timedelta(days=2)  # log-ins and codes that are over
ASKED_KEPT = ASKED_AGAIN_AFTER + OVER


@dataclass(frozen=True)
class Rule:
    """One kind of thing that is forgotten.

    Attributes
        what: what would be there too long, in words.
        tables: the tables it empties; the first holds *key*, the others go along.
        overdue: the keys of the rows that are to be gone.
        first: what is to be done in the same transaction before rows of these keys go.
        asker_id: of a row, whose conversation is locked before the row is looked at again.
    """

    what: str
    tables: tuple[Table, ...]
    key: Column[Any]
    overdue: Select[Any]
    first: Callable[[Tx, Sequence[Any], datetime], Awaitable[None]] | None = None
    asker_id: Column[Any] | None = None


def rules(kept: Retention, at: datetime) -> list[Rule]:
    """Everything that is to be gone at the moment *at*, in the order in which one makes room for the next."""
    texts, most, address_limit = _before(at, kept.texts_days, kept.texts_at_most_days, kept.address_days)
    traffic, unread, log = _before(at, kept.traffic_days, kept.quarantine_days, kept.audit_days)
    return [
        Rule(
            f"what a web chat has subscribed to {kept.texts_days} days after its asker was last seen",
            (subscription,),
            subscription.c.asker_id,
            select(subscription.c.asker_id)
            .join(asker, subscription.c.asker_id == asker.c.id)
            .where(asker.c.last_seen_at <= texts, _is_on_the_web()),
            asker_id=subscription.c.asker_id,
        ),
        Rule(
            f"an address {kept.address_days} days after its asker was last seen or their question closed, "
            "where nothing is subscribed to",
            (address,),
            address.c.id,
            select(address.c.id)
            .join(asker, address.c.asker_id == asker.c.id)
            .where(_is_quiet_since(address_limit), ~_has_come_back(), ~_awaits_delivery(), ~_has_subscribed()),
            first=_forget_what_was_remembered,
            asker_id=address.c.asker_id,
        ),
        Rule(
            f"a message {kept.texts_days} days after its question was closed or its asker last seen, "
            f"or {kept.texts_at_most_days} days old",
            (message, outbox, message_word),
            message.c.id,
            select(message.c.id)
            .join(conversation, message.c.conversation_id == conversation.c.id)
            .join(asker, conversation.c.asker_id == asker.c.id)
            .join(ticket, message.c.ticket_id == ticket.c.id, isouter=True)
            .where(
                or_(
                    message.c.created_at <= most,
                    ticket.c.closed_at <= texts,
                    # What the bot has sent unasked since they were last seen is to be answered yet.
                    and_(message.c.ticket_id.is_(None), message.c.created_at <= texts, _is_quiet_since(texts)),
                ),
                ~_is_on_its_way(outbox.c.message_id == message.c.id),
            )
            .order_by(message.c.id),
            first=_keep_unread_what_was_near_danger,
        ),
        Rule(
            f"what an advisor has begun to write and not sent {kept.texts_days} days after the question was closed, "
            f"or {kept.texts_at_most_days} days old",
            (draft,),
            draft.c.id,
            select(draft.c.id)
            .join(ticket, draft.c.ticket_id == ticket.c.id)
            .where(or_(draft.c.saved_at <= most, ticket.c.closed_at <= texts)),
        ),
        Rule(
            f"an asker without address and messages {kept.texts_at_most_days} days after they were last seen",
            (asker, conversation, ticket),
            asker.c.id,
            select(asker.c.id).where(
                _is_quiet_since(most),
                ~exists().where(address.c.asker_id == asker.c.id),
                ~exists().where(message.c.conversation_id == conversation.c.id, conversation.c.asker_id == asker.c.id),
            ),
            asker_id=asker.c.id,
        ),
        Rule(
            f"the key of something handled {kept.traffic_days} days ago",
            (inbox, decision),
            inbox.c.id,
            select(inbox.c.id)
            .where(inbox.c.handled_at <= traffic, ~_is_on_its_way(outbox.c.inbox_id == inbox.c.id))
            .order_by(inbox.c.id),
            first=_forget_decisions,
        ),
        Rule(
            f"something unreadable {kept.quarantine_days} days after it was put aside",
            (quarantine,),
            quarantine.c.id,
            select(quarantine.c.id).where(quarantine.c.received_at <= unread).order_by(quarantine.c.id),
        ),
        Rule(
            f"a post to the people behind the service {kept.traffic_days} days old",
            (notice, outbox),
            notice.c.id,
            select(notice.c.id)
            .where(
                notice.c.created_at <= traffic,
                ~_is_on_its_way(outbox.c.notice_id == notice.c.id),
            )
            .order_by(notice.c.id),
        ),
        Rule(
            f"what was to stand in a group about a question that is gone, {kept.traffic_days} days old",
            (group_message,),
            group_message.c.id,
            select(group_message.c.id)
            .where(
                group_message.c.ticket_id.is_(None),
                group_message.c.external_id.is_(None),  # what does stand there goes as soon as it is removed
                group_message.c.created_at <= traffic,
                ~_is_on_its_way(outbox.c.group_message_id == group_message.c.id),
            )
            .order_by(group_message.c.id),
        ),
        Rule(
            f"a log-in {OVER.days} days after it was over",
            (session,),
            session.c.token_hash,
            select(session.c.token_hash).where(
                or_(session.c.seen_at <= at - IDLE - OVER, session.c.created_at <= at - LIFETIME - OVER)
            ),
        ),
        Rule(
            f"an invitation {OVER.days} days after it was over",
            (invitation,),
            invitation.c.id,
            select(invitation.c.id).where(invitation.c.expires_at <= at - OVER),
        ),
        Rule(
            f"an address that was to get summaries and was not confirmed within {CONFIRM_WITHIN.days} days",
            (summary_reader,),
            summary_reader.c.id,
            select(summary_reader.c.id).where(
                summary_reader.c.confirmed_at.is_(None), summary_reader.c.created_at <= at - CONFIRM_WITHIN
            ),
        ),
        Rule(
            f"an address that letters came back from {BOUNCED_SHOWN.days} days earlier",
            (summary_reader,),
            summary_reader.c.id,
            select(summary_reader.c.id).where(summary_reader.c.bounced_at <= at - BOUNCED_SHOWN),
        ),
        Rule(
            f"that an address was asked whether it wants summaries {ASKED_KEPT.days} days ago, "
            f"or {REFUSAL_HOLDS.days} days ago where it said no",
            (asked_address,),
            asked_address.c.lookup,
            select(asked_address.c.lookup).where(
                or_(
                    and_(asked_address.c.refused_at.is_(None), asked_address.c.asked_at <= at - ASKED_KEPT),
                    asked_address.c.refused_at <= at - REFUSAL_HOLDS,
                )
            ),
        ),
        Rule(
            f"the day of an e-mail digest, {kept.traffic_days} days later",
            (digest_run,),
            digest_run.c.day,
            select(digest_run.c.day).where(digest_run.c.day < traffic.date()).distinct(),
        ),
        Rule(
            f"an attempt to log in {OVER.days} days after it last counted",
            (login_attempt,),
            login_attempt.c.id,
            select(login_attempt.c.id).where(login_attempt.c.attempted_at <= at - WINDOW - OVER),
        ),
        Rule(
            f"a code to link a chat {OVER.days} days after it was over",
            (link_code,),
            link_code.c.code_hash,
            select(link_code.c.code_hash).where(link_code.c.expires_at <= at - OVER),
        ),
        Rule(
            f"a line of the audit log {kept.audit_days} days old",
            (audit,),
            audit.c.id,
            select(audit.c.id).where(audit.c.at <= log, audit.c.id < _first_line_to_keep(log)).order_by(audit.c.id),
            first=_tell_of_forgotten_lines,
        ),
    ]


# Tables that no rule empties, and why.
STAYS = {
    "recovery_code": "keyed hashes of codes that the staff have on paper, until they are used or made anew",
    "account": "the staff's own accounts, which replies, notes and FAQ edits name; the owner closes them",
    "chat_link": "the chats of the people behind the service, until they are unlinked",
    "telegram_account": "keyed hashes by which a group's buttons know the staff, until they are unlinked",
    "entry_revision": "the FAQ as edited by advisors, who answer for leaving out what would tell of anybody",
    "reply_template": "beginnings of replies, whose writers answer for leaving out what would tell of anybody",
    "tip": "texts for all who have subscribed to tips, by the staff; they name nobody who got them",
    "campaign": "where the service was made known; it names nobody who came",
    "outreach": "which proposals to make the service known have been taken up; it names nobody",
    "event": "counts that refer to nobody",
    "self_check": "when the service last looked at itself",
    "alarm": "when it was dead or silent, in counts that refer to nobody",
    "tallied_day": "which days of events are added up, and how long people waited for a reply",
    "tally": "the counts of events, added up by day",
    "summary_run": "summaries of those counts",
    "revision_counter": "numbers",
    "lease": "random ids of processes",
}


def night(now: datetime, zone: ZoneInfo) -> datetime:
    """When the latest local night's deleting was due: one moment a date, whatever the clocks do that night."""
    today = now.astimezone(zone).date()
    tonight = datetime.combine(today, NIGHTLY_AT, zone)
    return tonight if tonight <= now else datetime.combine(today - timedelta(days=1), NIGHTLY_AT, zone)


def is_due(now: datetime, zone: ZoneInfo, done_at: datetime | None) -> bool:
    """Whether tonight's deleting is still to be done; *done_at* is None in a process that has done none."""
    return done_at is None or done_at < night(now, zone)


async def forget(store: Store, kept: Retention, now: datetime) -> dict[str, int]:
    """Delete what becomes overdue before the next night; how many rows went by each rule that found any.

    Many small transactions with pauses, as many rows in each as go quickly: nobody who writes meanwhile waits for more
    than one of them. At the end SQLite's file is written anew, for no byte of it to be left. Ends early when
    the service stops; the next run goes on.
    """
    forgotten: dict[str, int] = {}
    for rule in rules(kept, now + UNTIL_NEXT):
        if count := await _apply(store, rule, now):
            forgotten[rule.tables[0].name] = count
    if not store.hub.is_stopping and not await store.rewrite():
        await store.empty_log()
    return forgotten


async def _apply(store: Store, rule: Rule, now: datetime) -> int:
    count, size = 0, min(FEWEST, BATCH)
    while not store.hub.is_stopping:
        async with store.read() as read:
            found = [row[0] for row in await read.execute(rule.overdue.limit(LOOKED_UP))]
        gone = start = 0
        while start < len(found) and not store.hub.is_stopping:
            async with store.write() as tx:
                began = monotonic()
                gone += await _forget(tx, rule, found[start : start + size], now)
                took = monotonic() - began
            start += size
            size = min(BATCH, max(FEWEST, int(size * TAKES / took)))
            if start < len(found):
                await store.hub.pause(PAUSE_SECONDS)
        count += gone
        if gone == 0 or len(found) < LOOKED_UP:
            break
    return count


async def _forget(tx: Tx, rule: Rule, keys: Sequence[Any], now: datetime) -> int:
    """Delete those of *keys* that are still overdue: somebody may have come back, or a question been opened, since."""
    if rule.asker_id is not None:  # who writes just now is either seen below, or begins anew
        theirs = conversation.c.asker_id.in_(select(rule.asker_id).where(rule.key.in_(keys)))
        await tx.execute(select(conversation.c.id).where(theirs).order_by(conversation.c.id).with_for_update())
    still = [row[0] for row in await tx.execute(rule.overdue.where(rule.key.in_(keys)))]
    if still and rule.first:
        await rule.first(tx, still, now)
    return (await tx.execute(delete(rule.tables[0]).where(rule.key.in_(still)))).rowcount if still else 0


async def set_aside_unhandled(store: Store, now: datetime) -> int:
    """Move what has waited to be handled for almost a day into quarantine, where it is seen; how many there were.

    Five failures put an item aside within a minute; what is left after a day was never tried, and nobody knows why.
    """
    waited = select(inbox).where(inbox.c.state == "open", inbox.c.received_at <= now - UNHANDLED + UNHANDLED_AHEAD)
    async with store.read() as read:
        rows = (await read.execute(waited.order_by(inbox.c.id).limit(BATCH))).all()
    count = 0
    for row in rows:
        item = InboxItem(row.id, row.channel, row.key, row.sender, row.body, row.attempts, row.received_at)
        async with store.write() as tx:
            if await inbox_items.claim(tx, item):
                await inbox_items.give_up(tx, item, reason="not handled within a day", now=now)
                count += 1
    return count


async def overdue(store: Store, kept: Retention, now: datetime) -> list[str]:
    """What has been kept too long at this very moment, a line a rule with how many rows; empty when all is well."""
    found = []
    async with store.read() as read:
        waits = select(inbox.c.id).where(inbox.c.state == "open", inbox.c.received_at <= now - UNHANDLED)
        looked_for = [("something received and unhandled for a day", "inbox", waits)]
        looked_for += [(rule.what, rule.tables[0].name, rule.overdue) for rule in rules(kept, now)]
        for what, table, statement in looked_for:
            rows = statement.order_by(None).subquery()
            count = (await read.execute(select(func.count()).select_from(rows))).scalar_one()
            if count:
                found.append(f"kept too long: {what} ({table}): {count}")
    return found


# --- what the rules ask ---------------------------------------------------------------------------------------


def _before(at: datetime, *days: int) -> list[datetime]:
    return [at - timedelta(days=number) for number in days]


def _is_quiet_since(limit: datetime) -> ColumnElement[bool]:
    """The asker has not been seen since, and no question of theirs is open or was closed since."""
    of_asker = conversation.alias()
    theirs = select(ticket.c.id).join(of_asker, ticket.c.conversation_id == of_asker.c.id)
    recent = theirs.where(
        of_asker.c.asker_id == asker.c.id, or_(ticket.c.closed_at.is_(None), ticket.c.closed_at > limit)
    ).correlate(asker)
    return and_(asker.c.last_seen_at <= limit, ~recent.exists())


def _is_on_its_way(of_what: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(of_what, is_waiting(outbox))


def _has_come_back() -> ColumnElement[bool]:
    """Something from this address waits to be handled."""
    return exists().where(
        inbox.c.state == "open", inbox.c.channel == address.c.channel, inbox.c.sender == address.c.lookup
    )


def _awaits_delivery() -> ColumnElement[bool]:
    """Something is still to be sent to the asker of this address.

    Asked once for each kind of send: each has its index of the few that wait, and no index has all that was ever sent.
    """
    theirs = (conversation.c.asker_id == address.c.asker_id, outbox.c.destination == conversation.c.id)
    return or_(
        *(exists().where(*theirs, is_waiting(outbox), outbox.c.is_broadcast == kind) for kind in (false(), true()))
    )


def _has_subscribed() -> ColumnElement[bool]:
    """The asker of this address has agreed to get something unasked."""
    return exists().where(subscription.c.asker_id == address.c.asker_id)


def _is_on_the_web() -> ColumnElement[bool]:
    """The asker of this subscription talks to us in a browser, which forgets them in its time and tells nobody."""
    return exists().where(conversation.c.asker_id == subscription.c.asker_id, conversation.c.channel == WEB)


def _first_line_to_keep(limit: datetime) -> ColumnElement[int]:
    """The chain of the audit log only ever loses its beginning, even if a clock once went wrong."""
    line, last = audit.alias(), audit.alias()
    first_kept = select(func.min(line.c.id)).where(line.c.at > limit).scalar_subquery()
    return func.coalesce(first_kept, select(func.max(last.c.id) + 1).scalar_subquery())


# --- what is done before ---------------------------------------------------------------------------------------


async def _forget_what_was_remembered(tx: Tx, address_ids: Sequence[Any], _now: datetime) -> None:
    """Where the talk stood and what was asked when: without the address they can't be told from others any more."""
    owners = select(address.c.asker_id).where(address.c.id.in_(address_ids))
    await tx.execute(update(conversation).where(conversation.c.asker_id.in_(owners)).values(state={}))
    await tx.execute(update(asker).where(asker.c.id.in_(owners)).values(last_events={}))


async def _keep_unread_what_was_near_danger(tx: Tx, message_ids: Sequence[Any], _now: datetime) -> None:
    await questions.keep_unread(tx, message_ids)


async def _forget_decisions(tx: Tx, inbox_ids: Sequence[Any], _now: datetime) -> None:
    """A reply that is still kept forgets what it was a reply to."""
    await tx.execute(update(outbox).where(outbox.c.inbox_id.in_(inbox_ids)).values(inbox_id=None, ordinal=None))
    await tx.execute(delete(decision).where(decision.c.inbox_id.in_(inbox_ids)))


async def _tell_of_forgotten_lines(tx: Tx, audit_ids: Sequence[Any], now: datetime) -> None:
    await audit_log.record_forgetting(tx, max(audit_ids), now)
