"""What an advisor does with a ticket: claim, reply, note, close. Each is one transaction, audited, safe to repeat."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot import checkins, wording
from bot.dialogue import Button
from bot.hours import OpeningHours
from bot.signature import signature
from bot.store import audit, conversations, events, outbox, tickets
from bot.store.accounts import Account
from bot.store.engine import Store, Tx
from bot.store.tickets import AlreadyTaken, Changed, NotOpen, TicketRow
from bot.wording import escape_markdown
from knowledge.entry import AdvisorRole

OUTCOMES = ("answered", "guided", "authority", "no_reply", "other")
MAX_REPLY = 4000  # in UTF-16 units, as Telegram and the page's own field count: one reply is one message
# The same words noted again this soon are the same form sent twice; later, somebody may well mean them anew.
NOTED_TWICE = timedelta(minutes=10)


class NotFailed(Exception):
    """This delivery isn't the message's latest, or hasn't failed: somebody tries it again already."""


class OtherOpen(Exception):
    """The asker has another question open; there is never more than one."""

    def __init__(self, ticket_id: str) -> None:
        super().__init__(ticket_id)
        self.ticket_id = ticket_id


class Desk:
    """The advisors' acts; `tickets.AlreadyTaken` or `tickets.NotOpen` when the ticket isn't theirs to act on.

    Those that end in `_in` are part of a transaction of the caller's.
    """

    def __init__(self, store: Store, hours: OpeningHours) -> None:
        self._store = store
        self._hours = hours

    async def claim(self, account: Account, ticket_id: str, now: datetime) -> None:
        """Take the ticket; claiming what one has already changes nothing."""
        async with self._store.write() as tx:
            await self.claim_in(tx, account, ticket_id, now)

    async def claim_in(self, tx: Tx, account: Account, ticket_id: str, now: datetime) -> None:
        """See `claim`."""
        ticket = await _open_ticket(tx, ticket_id)
        await tickets.claim(tx, ticket_id, account.id, now)
        await audit.record(tx, account.id, "claim", ticket_id, now)
        await self._tell_of_joining(tx, ticket, account, now)

    async def release(self, account: Account, ticket_id: str, now: datetime) -> None:
        """Give the ticket back to the queue."""
        async with self._store.write() as tx:
            ticket = await _open_ticket(tx, ticket_id)
            await tickets.release(tx, ticket_id, account.id)
            await audit.record(tx, account.id, "release", ticket_id, now)
            await self._tell(tx, ticket, "left", _leaving(ticket, account), now)

    async def reply(self, account: Account, ticket_id: str, text: str, form_key: str, now: datetime) -> None:
        """Send *text* to the asker. The same *form_key* twice sends once; replying claims an unclaimed ticket."""
        async with self._store.write() as tx:
            await self.reply_in(tx, account, ticket_id, text, form_key, now)

    async def reply_in(
        self, tx: Tx, account: Account, ticket_id: str, text: str, form_key: str, now: datetime
    ) -> int | None:
        """See `reply`; the id of the message, or None when this form has been sent before."""
        ticket = await _open_ticket(tx, ticket_id)
        key = f"{outbox.REPLY}:{ticket_id}:{form_key}"
        if await outbox.has(tx, key):
            return None
        await tickets.claim(tx, ticket_id, account.id, now)
        await self._tell_of_joining(tx, ticket, account, now)
        message_id = await conversations.add_message(
            tx, ticket.conversation_id, "advisor", text, now, ticket_id=ticket_id, account_id=account.id
        )
        await outbox.add_to_ticket(tx, ticket, key=key, message_id=message_id, now=now)
        is_first = await tickets.replied(tx, ticket_id, now)
        if is_first:
            waited = (now - ticket.waiting_since).total_seconds()
            happenings = [events.Happening("human_reply", ticket.topic, waited)]
            if ticket.slipped_at is None:  # else it was counted as missed when that was told
                kind = "promise_kept" if now <= ticket.promised_at else "promise_missed"
                happenings.append(events.Happening(kind, ticket.topic))
            around = events.Circumstances(now, self._hours, ticket.channel, ticket.language)
            await events.record(tx, ticket.conversation_id, happenings, around)
        await audit.record(tx, account.id, "reply", ticket_id, now)
        return message_id

    async def try_again(self, account: Account, ticket_id: str, message_id: int, failed_id: int, now: datetime) -> None:
        """Send a reply anew whose delivery *failed_id* has failed, the ticket open or closed; twice sends once.

        Raises `NotFailed` when that delivery isn't the latest, or no failed one of a reply in this ticket.
        """
        async with self._store.write() as tx:
            ticket = await tickets.held(tx, ticket_id)
            if ticket is None:
                raise NotOpen(ticket_id)
            if ticket.closed_at is None and ticket.account_id not in {None, account.id}:
                raise AlreadyTaken(ticket.account_name or "")
            replies = [said.id for said in await tickets.thread(tx.connection, ticket_id) if said.author == "advisor"]
            is_queued = message_id in replies and await outbox.try_again(
                tx,
                failed_id,
                message_id=message_id,
                conversation_id=ticket.conversation_id,
                channel=ticket.channel,
                now=now,
            )
            if not is_queued:
                raise NotFailed
            # What the channel told before is what is being tried; should it refuse again, it says so again.
            await conversations.set_reachable(tx, ticket.conversation_id, reachable=True)
            await tickets.noted(tx, ticket_id)
            await conversations.changed(tx, ticket.conversation_id)
            await audit.record(tx, account.id, "reply tried again", ticket_id, now)

    async def note(self, account: Account, ticket_id: str, text: str, now: datetime) -> None:
        """Keep *text* with the ticket, open or closed, for colleagues only; sent twice within minutes it is kept once.

        Raises `NotOpen` when there is no such ticket.
        """
        async with self._store.write() as tx:
            await self.note_in(tx, account, ticket_id, text, now)

    async def note_in(self, tx: Tx, account: Account, ticket_id: str, text: str, now: datetime) -> None:
        """See `note`."""
        ticket = await tickets.held(tx, ticket_id)
        if ticket is None:
            raise NotOpen(ticket_id)
        if await tickets.has_note(tx, ticket_id, account.id, text, now - NOTED_TWICE):
            return
        await conversations.add_message(
            tx, ticket.conversation_id, "note", text, now, ticket_id=ticket_id, account_id=account.id
        )
        await tickets.noted(tx, ticket_id)
        await audit.record(tx, account.id, "note", ticket_id, now)

    async def hand_over(
        self, account: Account, ticket_id: str, to: Account | AdvisorRole, note: str, version: int, now: datetime
    ) -> None:
        """Give the ticket, free or one's own, to a colleague or to the other role, with a *note* for them (or none).

        Raises `tickets.Changed` when the ticket isn't at *version* any more.
        """
        async with self._store.write() as tx:
            ticket = await _open_ticket(tx, ticket_id, version)
            role, taker_id = (to.role, to.id) if isinstance(to, Account) else (to, None)
            await tickets.hand_over(tx, ticket_id, giver_id=account.id, role=role, taker_id=taker_id, now=now)
            if note:
                await conversations.add_message(
                    tx, ticket.conversation_id, "note", note, now, ticket_id=ticket_id, account_id=account.id
                )
            await audit.record(tx, account.id, "hand over", ticket_id, now)
            if ticket.account_id is not None and taker_id is None:  # else it never waits in the queue again
                await self._tell(tx, ticket, "left", _leaving(ticket, account), now)
            if isinstance(to, Account):
                await self._tell_of_joining(tx, replace(ticket, account_id=None), to, now)

    async def reopen(self, account: Account, ticket_id: str, version: int, now: datetime) -> None:
        """Open a closed ticket again for oneself, with a new promise.

        Raises `tickets.Changed` when it isn't closed any more, `OtherOpen` when the asker has another question open.
        """
        async with self._store.write() as tx:
            ticket = await tickets.held(tx, ticket_id)
            if ticket is None:
                raise NotOpen(ticket_id)
            if ticket.closed_at is None or ticket.version != version:
                raise Changed(ticket_id)
            other = await tickets.open_one(tx.connection, ticket.conversation_id)
            if other is not None:
                raise OtherOpen(other)
            await tickets.reopen(tx, ticket_id, self._hours.promise_at(now).at, now)
            await tickets.claim(tx, ticket_id, account.id, now)
            await audit.record(tx, account.id, "reopen", ticket_id, now)
            await self._tell_of_joining(tx, replace(ticket, account_id=None), account, now)

    async def close(
        self,
        account: Account,
        ticket_id: str,
        outcome: str,
        now: datetime,
        *,
        topic: str | None = None,
        version: int | None = None,
    ) -> None:
        """Close the ticket and tell the asker how to go on; closing claims an unclaimed ticket first.

        *topic*: the entry that it was about; None keeps the bot's guess, empty means none. Raises `tickets.Changed`
        when the ticket isn't at *version* any more, if one is given.
        """
        async with self._store.write() as tx:
            ticket = await _open_ticket(tx, ticket_id, version)
            about = ticket.topic if topic is None else topic or None
            await tickets.claim(tx, ticket_id, account.id, now)
            await tickets.close(tx, ticket_id, account.id, outcome, about, now)
            again = Button("continue", wording.say(ticket.language, wording.BUTTON_CONTINUE))
            text = wording.say(ticket.language, wording.CLOSED)
            offers = await _offers_to_ask(tx, ticket, about, now) if outcome == "answered" else ()
            if offers:
                text = f"{text}\n\n{wording.say(ticket.language, wording.OFFER_TO_ASK)}"
            message_id = await conversations.add_message(
                tx, ticket.conversation_id, "bot", text, now, buttons=(again, *offers)
            )
            await outbox.add_to_ticket(
                tx, ticket, key=f"closed:{ticket_id}:{ticket.version}", message_id=message_id, now=now
            )
            around = events.Circumstances(now, self._hours, ticket.channel, ticket.language)
            await events.record(tx, ticket.conversation_id, [events.Happening(f"closed_{outcome}", about)], around)
            await audit.record(tx, account.id, "close", ticket_id, now)

    async def _tell_of_joining(self, tx: Tx, ticket: TicketRow, account: Account, now: datetime) -> None:
        """Say who has come, where nobody was there before; *ticket* is as it was until now."""
        if ticket.account_id is None:
            await self._tell(
                tx, ticket, outbox.JOINED, joining(ticket, account), now, Button("end", wording.BUTTON_END)
            )

    async def _tell(self, tx: Tx, ticket: TicketRow, what: str, text: str, now: datetime, *buttons: Button) -> None:
        """Say *text* to the asker of what has just been done, by the bot's mouth."""
        shown = tuple(replace(button, label=wording.say(ticket.language, button.label)) for button in buttons)
        message_id = await conversations.add_message(tx, ticket.conversation_id, "bot", text, now, buttons=shown)
        await outbox.add_to_ticket(
            tx, ticket, key=f"{what}:{ticket.id}:{ticket.version}", message_id=message_id, now=now
        )


def joining(ticket: TicketRow, account: Account) -> str:
    """What the asker is told when *account* takes their question, as Markdown."""
    role = account.role if account.role in wording.ADVISOR_JOINED else ticket.role
    return wording.say(ticket.language, wording.ADVISOR_JOINED[role], name=escape_markdown(account.shown_name))


def _leaving(ticket: TicketRow, account: Account) -> str:
    advisor = signature(ticket.language, account.role, account.shown_name)
    return wording.say(ticket.language, wording.ADVISOR_LEFT, advisor=escape_markdown(advisor))


async def _offers_to_ask(tx: Tx, ticket: TicketRow, about: str | None, now: datetime) -> tuple[Button, ...]:
    """The offer to ask later what came of it, where it was not made lately and there was no danger; it is noted."""
    talk = await conversations.get(tx.connection, ticket.conversation_id)
    offers = checkins.offers(talk, about, now) if talk is not None else ()
    if talk is not None and offers:
        await conversations.keep_state(tx, replace(talk, state=replace(talk.state, asking_offered_at=now)))
    return offers


async def _open_ticket(tx: Tx, ticket_id: str, version: int | None = None) -> TicketRow:
    """The open ticket, held: whoever acts on it at the same moment waits, then sees what was done.

    Raises `NotOpen`, or `tickets.Changed` when it isn't at *version* any more.
    """
    ticket = await tickets.held(tx, ticket_id)
    if ticket is None or ticket.closed_at is not None:
        raise NotOpen(ticket_id)
    if version not in {None, ticket.version}:
        raise Changed(ticket_id)
    return ticket
