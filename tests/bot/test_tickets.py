"""Questions passed on to people: one open ticket in a conversation, one advisor on a ticket; the database decides."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.dialogue import Conversation
from bot.store import conversations, schema, tickets
from bot.store.accounts import Account
from bot.store.engine import Store
from bot.store.tickets import AlreadyTaken
from bot.vault import Vault
from tests.support import people
from tests.support.clock import A_TUESDAY_MORNING as NOW
from tests.support.knowledge import UNKNOWN
from tests.support.koppi import Koppi

RACERS = 6


@pytest.fixture
async def aino(store: Store, vault: Vault) -> Conversation:
    """Aino's conversation."""
    async with store.write() as tx:
        return await people.meet(tx, vault)


async def open_one(store: Store, talk: Conversation, *, urgent: bool = False, promised_in: int = 6) -> str:
    """The id of a new ticket of *talk*."""
    async with store.write() as tx:
        question_id = await conversations.add_message(tx, talk.id, "asker", "Saako iguaanin tuoda?", NOW)
        return await tickets.open_ticket(
            tx,
            conversation_id=talk.id,
            role="tyovoimaneuvoja",
            question_id=question_id,
            topic=None,
            urgent=urgent,
            promised_at=NOW + timedelta(hours=promised_in),
            now=NOW,
        )


async def test_of_many_tickets_opened_at_once_in_a_conversation_one_stands(store: Store, aino: Conversation) -> None:
    """A button pressed twice, in two processes: the constraint holds whatever the code does."""
    results = await asyncio.gather(*(open_one(store, aino) for _ in range(RACERS)), return_exceptions=True)
    async with store.read() as read:
        rows = (await read.execute(schema.ticket.select())).all()

    assert sorted(type(result).__name__ for result in results) == [IntegrityError.__name__] * (RACERS - 1) + ["str"]
    assert len(rows) == 1


async def test_of_many_who_claim_a_ticket_at_once_one_has_it_and_the_others_are_told_who(
    store: Store, aino: Conversation
) -> None:
    """Two advisors answer the same person: the worst that a queue can do."""
    ticket_id = await open_one(store, aino)
    vaino, sulo = await people.employ(store)

    async def claim(account: Account) -> str:
        try:
            async with store.write() as tx:
                await tickets.claim(tx, ticket_id, account.id, NOW)
        except AlreadyTaken as taken:
            return f"told {taken.by}"
        return f"has it: {account.name}"

    results = await asyncio.gather(*(claim(account) for account in [vaino, sulo] * 3))
    async with store.read() as read:
        ticket = await tickets.get(read, ticket_id)

    assert ticket is not None
    assert set(results) == {f"has it: {ticket.account_name}", f"told {ticket.account_name}"}


async def test_the_queue_shows_what_is_urgent_first_then_the_promise_soonest_to_break(
    store: Store, vault: Vault
) -> None:
    """What matters first."""
    async with store.write() as tx:
        talks = [await people.meet(tx, vault, chat) for chat in people.BULK[:3]]
    later = await open_one(store, talks[0], promised_in=8)
    sooner = await open_one(store, talks[1], promised_in=2)
    urgent = await open_one(store, talks[2], urgent=True, promised_in=9)
    async with store.read() as read:
        queue = [ticket.id for ticket in await tickets.queue(read)]

    assert queue == [urgent, sooner, later]


async def test_a_promise_slips_once(store: Store, aino: Conversation) -> None:
    """However many processes look: the asker is told one time."""
    await open_one(store, aino)

    async def slip(after: timedelta) -> int:
        async with store.write() as tx:
            return len(await tickets.slip(tx, NOW + after))

    early = await slip(timedelta(hours=5))
    late = await asyncio.gather(*(slip(timedelta(hours=7)) for _ in range(4)))

    assert (early, sum(late)) == (0, 1)


async def test_an_older_question_opened_again_hears_the_asker(koppi: Koppi) -> None:
    """A later question, closed since, must not stand between the asker and who has just asked them something."""
    older = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.desk.close(koppi.vaino, older.id, "answered", koppi.later())
    await koppi.hears()
    newer = await koppi.sends_to_a_person(f"{UNKNOWN} Entä kissa?")
    await koppi.desk.close(koppi.vaino, newer.id, "answered", koppi.later())
    await koppi.hears()
    async with koppi.store.read() as read:
        closed = await tickets.get(read, older.id)
    assert closed is not None
    await koppi.desk.reopen(koppi.vaino, older.id, closed.version, koppi.later())
    await koppi.says("Se on vihreä ja kiltti")
    await koppi.settles()
    async with koppi.store.read() as read:
        thread = await tickets.thread(read, older.id)

    assert "Se on vihreä ja kiltti" in [message.text for message in thread]
