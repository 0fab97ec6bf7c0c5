"""What advisors do in Telegram: link a chat or themselves by a code, take a question, reply to it, in their group.

Each is one transaction with the update that brought it: brought twice, it is done once. The posts themselves are
written elsewhere, by how the tickets stand.
"""

from datetime import datetime

from bot import staff_wording, wording
from bot.advising import MAX_REPLY, Desk
from bot.channels.incoming import GroupMoved, LinkChat, PressedInGroup, RepliedInGroup, StaffSaid
from bot.channels.markup import units
from bot.store import accounts, audit, chat_links, group_messages, inbox, outbox, telegram_accounts, tickets
from bot.store.accounts import Account
from bot.store.engine import Store, Tx
from bot.store.inbox import InboxItem
from bot.store.login_attempts import TooMany
from bot.vault import Vault
from bot.wording import escape_markdown


class StaffChats:
    """Handles what the people behind the service say in Telegram."""

    def __init__(self, store: Store, vault: Vault, desk: Desk) -> None:
        self._store = store
        self._vault = vault
        self._desk = desk

    async def handle(self, item: InboxItem, address: str, said: StaffSaid, now: datetime) -> None:
        """Do what was said in the chat *address*, and answer."""
        async with self._store.write() as tx:
            if not await inbox.claim(tx, item):
                return
            with audit.coming_from("Telegram"):
                kind = await self._do(tx, item, address, said, now)
            await inbox.done(tx, item, kind=kind, replies=0, now=now)

    async def _do(self, tx: Tx, item: InboxItem, address: str, said: StaffSaid, now: datetime) -> str:
        match said:
            case LinkChat():
                return await self._link(tx, item, address, said.code, now)
            case PressedInGroup():
                return await self._pressed(tx, item, address, said, now)
            case RepliedInGroup():
                return await self._replied(tx, item, address, said, now)
            case GroupMoved():
                await chat_links.move(tx, self._vault, address=address, to=said.to)
                return "group_moved"

    # --- linking --------------------------------------------------------------------------------------------------

    async def _link(self, tx: Tx, item: InboxItem, address: str, code: str, now: datetime) -> str:
        """`/liita CODE`: the chat, or whoever writes, gets what the code was made for, or hears that it won't do."""
        try:
            made_for = await chat_links.use_code(tx, self._vault, code=code, address=address, now=now)
        except TooMany:  # who guesses on gets no answer
            return "link_throttled"
        if made_for is not None and made_for.account_id is not None:
            return await self._link_person(tx, item, address, made_for.account_id, now)
        if made_for is None or made_for.purpose is None:
            await self._say_at(tx, item, address, wording.say("fi", wording.LINK_FAILED), now)
            return "link_refused"
        linked = await chat_links.link(tx, self._vault, purpose=made_for.purpose, address=address, now=now)
        text = wording.say("fi", wording.LINKED)
        await outbox.add_notice(tx, key=inbox.reply_key(item), text=text, chat_link_id=linked, now=now)
        return "linked"

    async def _link_person(self, tx: Tx, item: InboxItem, address: str, account_id: str, now: datetime) -> str:
        """In private the chat's id is the person's; in a group others have seen the code, and could be quicker."""
        account = await accounts.get(tx.connection, account_id)
        if address.startswith("-") or account is None or account.is_disabled:
            await self._say_at(tx, item, address, staff_wording.OWN_CODE_SHOWN, now)
            return "link_refused"
        await telegram_accounts.link(tx, self._vault, account_id=account_id, telegram_id=address, now=now)
        await audit.record(tx, account_id, "own telegram linked", account_id, now)
        text = staff_wording.OWN_LINKED.format(name=escape_markdown(account.name))
        await self._say_at(tx, item, address, text, now)
        return "linked"

    async def _say_at(self, tx: Tx, item: InboxItem, address: str, text: str, now: datetime) -> None:
        sealed = self._vault.seal(address)
        await outbox.add_last_word(
            tx, key=inbox.reply_key(item), text=text, channel=item.channel, sealed_address=sealed, now=now
        )

    # --- the button -----------------------------------------------------------------------------------------------

    async def _pressed(self, tx: Tx, item: InboxItem, address: str, said: PressedInGroup, now: datetime) -> str:
        answer = await self._take(tx, address, said, now)
        sealed = self._vault.seal(said.query_id)
        await outbox.add_last_word(
            tx,
            key=inbox.reply_key(item),
            text=answer,
            channel=item.channel,
            sealed_address=sealed,
            act="answer",
            now=now,
        )
        return "group_press"

    async def _take(self, tx: Tx, address: str, said: PressedInGroup, now: datetime) -> str:
        """Let whoever pressed have the question, if it is free and they may; the answer to them."""
        group = await chat_links.find(tx.connection, self._vault, purpose="advisors", address=address)
        ticket_id = await group_messages.pressed(tx.connection, said.group_message_id, group) if group else None
        account, refusal = await self._advisor(tx, said.by)
        if ticket_id is None:
            return staff_wording.GONE
        if account is None:
            return refusal
        ticket = await tickets.held(tx, ticket_id)
        if ticket is None or ticket.closed_at is not None:
            return staff_wording.CLOSED_ALREADY
        if ticket.account_id == account.id:
            return staff_wording.TAKEN_ALREADY
        if ticket.account_id is not None:
            return staff_wording.TAKEN_BY.format(name=ticket.account_name)
        await self._desk.claim_in(tx, account, ticket_id, now)
        return staff_wording.TAKEN_NOW

    # --- replies --------------------------------------------------------------------------------------------------

    async def _replied(self, tx: Tx, item: InboxItem, address: str, said: RepliedInGroup, now: datetime) -> str:
        group = await chat_links.find(tx.connection, self._vault, purpose="advisors", address=address)
        if group is None:
            return "ignored"
        ticket_id = await group_messages.answered(tx.connection, said.to, group)
        account, refusal = await self._advisor(tx, said.by)
        if account is None and ticket_id is None:  # somebody's word to another bot
            return "ignored"
        if account is None:
            trouble: str | None = staff_wording.NOT_SENT_STRANGER + refusal
        else:
            trouble = await self._pass_on(tx, item, group, account, ticket_id, said, now)
        if trouble is None:
            return "group_reply"
        await outbox.add_notice(
            tx, key=inbox.reply_key(item), text=trouble, chat_link_id=group, target=said.external_id, now=now
        )
        return "group_refused"

    async def _pass_on(
        self,
        tx: Tx,
        item: InboxItem,
        group: str,
        account: Account,
        ticket_id: str | None,
        said: RepliedInGroup,
        now: datetime,
    ) -> str | None:
        """Send what was said to the asker; or why that isn't done, in words."""
        ticket = await tickets.held(tx, ticket_id) if ticket_id else None
        if ticket is None:
            return staff_wording.NOT_SENT_GONE
        if said.is_edit:
            return staff_wording.NOT_SENT_EDIT
        if said.text is None:
            return staff_wording.NOT_SENT_MEDIA
        if units(said.text) > MAX_REPLY:
            return staff_wording.NOT_SENT_LONG
        if ticket.closed_at is not None:
            return staff_wording.NOT_SENT_CLOSED
        if ticket.account_id not in {None, account.id}:
            return staff_wording.NOT_SENT_BY.format(name=escape_markdown(ticket.account_name or ""))
        message_id = await self._desk.reply_in(tx, account, ticket.id, said.text, f"group-{item.id}", now)
        await group_messages.add(
            tx,
            key=f"reply:{item.id}",
            kind="reply",
            chat_link_id=group,
            ticket_id=ticket.id,
            message_id=message_id,
            external_id=said.external_id,
            now=now,
        )
        return None

    async def _advisor(self, tx: Tx, telegram_id: str) -> tuple[Account | None, str]:
        """Who this is, if they may act on tickets; else what to tell them."""
        account = await telegram_accounts.find(tx.connection, self._vault, telegram_id)
        if account is None:
            return None, staff_wording.LINK_YOURSELF
        return (account, "") if account.is_advisor else (None, staff_wording.ONLY_ADVISORS)
