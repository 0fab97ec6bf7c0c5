"""What happens to a ticket when several people, or one person twice, act on it at the same moment."""

import asyncio
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from bot import checkins
from bot.advising import NOTED_TWICE, Desk
from bot.dialogue import Conversation
from bot.profile import read_profile
from bot.store import conversations, tickets
from bot.store.accounts import Account
from bot.store.engine import Store, Tx
from bot.store.schema import asker, message, ticket
from bot.store.tickets import NotOpen
from bot.vault import Vault
from tests.support import people
from tests.support.clock import A_TUESDAY_MORNING as NOW
from tests.support.races import held_up

PROMISED_AT = NOW + timedelta(hours=2)
AFTERWARDS = PROMISED_AT + timedelta(minutes=1)


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    """Where the advisors act."""
    return Desk(store, read_profile(tmp_path).hours(ZoneInfo("Europe/Helsinki")))


@pytest.fixture
async def vaino(store: Store) -> Account:
    """The advisor."""
    return (await people.employ(store))[0]


@pytest.fixture
async def ticket_id(store: Store, vault: Vault) -> str:
    """An open ticket of Aino's, with a promise."""
    async with store.write() as tx:
        talk = await people.meet(tx, vault)
        question_id = await conversations.add_message(tx, talk.id, "asker", "Saako iguaanin tuoda töihin?", NOW)
        return await tickets.open_ticket(
            tx,
            conversation_id=talk.id,
            role="tyovoimaneuvoja",
            question_id=question_id,
            topic=None,
            urgent=False,
            promised_at=PROMISED_AT,
            now=NOW,
        )


async def hold(tx: Tx, ticket_id: str) -> None:
    """Lock the ticket as a change of it does."""
    await tx.execute(update(ticket).where(ticket.c.id == ticket_id).values(version=ticket.c.version + 1))


async def thread(store: Store, ticket_id: str) -> list[tuple[str, str]]:
    """Who said what in the ticket."""
    async with store.read() as read:
        return [(said.author, said.text) for said in await tickets.thread(read, ticket_id)]


async def slip(store: Store, now: datetime = AFTERWARDS) -> list[str]:
    """The tickets that one process finds late."""
    async with store.write() as tx:
        return [row.id for row in await tickets.slip(tx, now)]


async def test_of_two_processes_one_tells_that_the_promise_has_passed(store: Store, ticket_id: str) -> None:
    """An apology sent twice looks like a machine that has lost its mind."""
    async with store.write() as tx:
        ours = [row.id for row in await tickets.slip(tx, AFTERWARDS)]
        theirs = asyncio.create_task(slip(store))
        await held_up(store, theirs)

    assert ours == [ticket_id]
    assert await theirs == []


async def test_a_promise_kept_at_the_last_moment_is_not_called_broken(
    store: Store, desk: Desk, vaino: Account, ticket_id: str
) -> None:
    """Who looks for late tickets while the reply is being written must not take the ticket from its advisor."""
    async with store.write() as tx:
        await tickets.claim(tx, ticket_id, vaino.id, NOW)
        await tickets.replied(tx, ticket_id, NOW)
        late = asyncio.create_task(slip(store))
        await held_up(store, late)

    assert await late == []
    async with store.read() as read:
        row = await tickets.get(read, ticket_id)
    assert row is not None
    assert row.account_id == vaino.id


async def test_a_reply_sent_by_a_double_click_is_said_once(
    store: Store, desk: Desk, vaino: Account, ticket_id: str
) -> None:
    """Both requests look for the first one's trace at the same moment."""
    async with store.write() as tx:
        await hold(tx, ticket_id)
        clicks = [asyncio.create_task(desk.reply(vaino, ticket_id, "Saa.", "form-key", NOW)) for _ in range(2)]
        await held_up(store, *clicks)
    await asyncio.gather(*clicks)

    assert await thread(store, ticket_id) == [("asker", "Saako iguaanin tuoda töihin?"), ("advisor", "Saa.")]


async def test_a_note_sent_by_a_double_click_is_kept_once(
    store: Store, desk: Desk, vaino: Account, ticket_id: str
) -> None:
    """Colleagues would take it for two calls."""
    async with store.write() as tx:
        await hold(tx, ticket_id)
        clicks = [asyncio.create_task(desk.note(vaino, ticket_id, "Soitin.", NOW)) for _ in range(2)]
        await held_up(store, *clicks)
    await asyncio.gather(*clicks)

    assert (await thread(store, ticket_id))[1:] == [("note", "Soitin.")]


async def test_the_same_note_on_another_occasion_is_another_note(
    store: Store, desk: Desk, vaino: Account, ticket_id: str
) -> None:
    """Whoever calls in vain on two days writes the same words twice and means it."""
    later = NOW + NOTED_TWICE + timedelta(seconds=1)
    for at in (NOW, later):
        await desk.note(vaino, ticket_id, "Soitin, ei vastausta.", at)

    assert (await thread(store, ticket_id))[1:] == [("note", "Soitin, ei vastausta.")] * 2


async def test_a_message_does_not_join_a_ticket_that_is_closed_meanwhile(
    store: Store, desk: Desk, vaino: Account, ticket_id: str
) -> None:
    """Nobody looks into a closed ticket for a new question: handled again, the message sees that it is closed."""

    async def join() -> None:
        async with store.write() as tx:
            await tickets.joined(tx, ticket_id, urgent=True)

    async with store.write() as tx:
        await tickets.claim(tx, ticket_id, vaino.id, NOW)
        await tickets.close(tx, ticket_id, vaino.id, "answered", None, NOW)
        joining = asyncio.create_task(join())
        await held_up(store, joining)

    with pytest.raises(NotOpen):
        await joining


async def test_an_asker_who_writes_and_an_advisor_who_replies_do_not_lock_each_other_out(
    store: Store, desk: Desk, vaino: Account, ticket_id: str
) -> None:
    """Each waits for the other's row when they take them in different orders, and one of them loses the work."""
    async with store.read() as read:
        conversation_id = (await read.execute(select(ticket.c.conversation_id))).scalar_one()
    async with store.write() as tx:
        await conversations.changed(tx, conversation_id)  # as when a message is handled: first the conversation
        reply = asyncio.create_task(desk.reply(vaino, ticket_id, "Saa.", "form-key", NOW))
        await held_up(store, reply)
        await tickets.joined(tx, ticket_id, urgent=False)
    await reply

    async with store.read() as read:
        said = (await read.execute(select(message.c.text).where(message.c.author == "advisor"))).scalars().all()
    assert said == ["Saa."]


async def test_what_a_closed_question_offers_is_offered_once_a_month(
    store: Store, desk: Desk, vaino: Account, ticket_id: str
) -> None:
    """Who is helped by a person in the morning and by the bot at noon is offered to be asked about it once."""

    async def talk() -> Conversation:
        async with store.read() as read:
            found = await conversations.get(read, (await read.execute(select(ticket.c.conversation_id))).scalar_one())
        assert found is not None
        return found

    seen = select(asker.c.last_seen_at)
    async with store.read() as read:
        before = (await read.execute(seen)).scalar_one()
    await desk.close(vaino, ticket_id, "answered", NOW, topic="cv")
    closed = await talk()
    async with store.read() as read:
        assert (await read.execute(seen)).scalar_one() == before, "an advisor's act is no sign of life of the asker's"

    assert (await talk()).state.asking_offered_at == NOW
    assert checkins.offers(closed, "cv", NOW + timedelta(days=29)) == ()
    assert checkins.offers(closed, "cv", NOW + timedelta(days=31)) != ()


only_shared = pytest.mark.parametrize(
    "database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


@only_shared
async def test_two_askers_written_down_together_lock_no_advisor_out(
    store: Store, desk: Desk, vaino: Account, ticket_id: str
) -> None:
    """What all count is locked last: else one asker's part holds it while the next one's waits for the advisor, who
    waits for the count, and of the two it was the advisor's reply that was lost."""
    async with store.read() as read:
        conversation_id = (await read.execute(select(ticket.c.conversation_id))).scalar_one()
    replies: list[asyncio.Task[None]] = []

    async def somebody_elses(tx: Tx, _nothing: None) -> None:
        await tx.bump(tickets.TOPIC)
        replies.append(asyncio.create_task(desk.reply(vaino, ticket_id, "Saa.", "form-key", NOW)))
        await held_up(store, *replies)

    async def of_this_asker(tx: Tx, _nothing: None) -> None:
        await conversations.changed(tx, conversation_id)
        await tickets.joined(tx, ticket_id, urgent=False)

    await asyncio.gather(*(store.together(work, nullcontext) for work in (somebody_elses, of_this_asker)))
    await asyncio.gather(*replies)

    assert ("advisor", "Saa.") in await thread(store, ticket_id)
