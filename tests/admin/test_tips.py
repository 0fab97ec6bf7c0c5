"""The week's tip: by consent, once, in its hours, and never after somebody has said no."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, update

from admin.house import House
from admin.invariants import violations
from admin.reach import tips as sending
from bot import wording
from bot.channels.webchat import NAME as WEB
from bot.dialogue import Conversation, State
from bot.store import accounts, conversations, erasure, schema, subscriptions, tickets, tips
from bot.store.engine import Store, Tx
from bot.store.tip_steps import SENT, sent, take
from bot.vault import Vault
from tests.admin.a_house import a_house
from tests.support import people
from tests.support.clock import A_TUESDAY_MORNING as NOW
from tests.support.clock import Clock
from tests.support.knowledge import ALSO_KNOWN, KNOWN, UNKNOWN
from tests.support.koppi import Koppi
from tests.support.people import AINO

MONDAY = date(2026, 11, 23)
TEXTS = {"fi": "Kysy **kesätöistä** jo nyt.", "sv": "Fråga om sommarjobb redan nu."}
QUESTIONS = {"fi": KNOWN, "sv": KNOWN}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HELSINKI = ZoneInfo("Europe/Helsinki")


async def write_tip(store: Store, monday: date = MONDAY, *, is_approved: bool = True) -> str:
    """A tip for this week."""
    async with store.write() as tx:
        return await tips.add(tx, monday, TEXTS, QUESTIONS, None, NOW, is_approved=is_approved)


async def test_a_tip_comes_to_who_asked_for_it_once_and_what_comes_of_it_is_counted(
    koppi: Koppi, tmp_path: Path
) -> None:
    """From consent to the end of it, by a tap each; the figures stay when the asker erases themself."""
    house = a_house(koppi.store, koppi.vault, koppi.clock, tmp_path)
    koppi.delivery._count_broadcast = partial(sending.record_delivery, house)
    tip_id = await write_tip(koppi.store)
    offer = await koppi.asks("/vinkit")
    await koppi.presses("Tilaa vinkit")
    begun = await koppi.hears()
    await sending.send_due(house)
    await koppi.advance(6 * HOUR)
    too_early = await koppi.rows(schema.outbox)
    await asyncio.gather(sending.send_due(house), sending.send_due(house))
    tip = await koppi.hears()
    await koppi.settles()
    await koppi.presses(KNOWN)
    answer = await koppi.hears()
    await koppi.telegram.presses_data(AINO, tip.buttons[0].data)
    await koppi.hears()
    await koppi.asks(ALSO_KNOWN)
    await koppi.asks(ALSO_KNOWN)
    await koppi.telegram.presses_data(AINO, tip.buttons[1].data)
    ended = await koppi.hears()
    await koppi.says("/vinkit")
    await koppi.hears()
    await koppi.presses("Tilaa vinkit")
    await koppi.hears()
    await sending.send_due(house)
    await koppi.settles()
    broadcasts = [row for row in await koppi.rows(schema.outbox) if row.is_broadcast]
    left_over = await violations(koppi.store, koppi.clock())
    await koppi.telegram.blocks(AINO)
    await koppi.settles()
    async with koppi.store.write() as tx:
        await tx.execute(delete(schema.asker))
    async with koppi.store.read() as read:
        steps = await tips.steps(read)

    assert offer.text == wording.TIPS_OFFER
    assert begun.text == wording.TIPS_BEGUN
    assert begun.labels == ["Lopeta vinkit"]
    assert not any(row.is_broadcast for row in too_early)
    assert tip.text == "Viikon vinkki\n\nKysy kesätöistä jo nyt."
    assert tip.labels == [KNOWN, "Lopeta vinkit"]
    assert answer.text.startswith("Asumistukea")
    assert ended.text == wording.TIPS_ENDED
    assert [row.state for row in broadcasts] == ["sent"]
    assert left_over == []
    assert steps == {tip_id: {"tip_sent": 1, "tip_tapped": 1, "tip_asked": 1, "tip_left": 1}}


async def test_whoever_has_something_weightier_or_cannot_read_it_gets_none_now(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    """A cheerful tip an hour after a cry for help would be cruel; one amid an advisor's talk would be in the way."""
    clock = Clock(NOW + 6 * HOUR)
    house = a_house(store, vault, clock, tmp_path)
    await write_tip(store)
    names = ("plain", "in danger", "with a person", "english", "erased", "blocked", "web", "broken")
    ids = {}
    async with store.write() as tx:
        for number, name in enumerate(names):
            channel = WEB if name == "web" else "telegram"
            talk = await people.meet(tx, vault, 7000 + number, NOW, channel=channel)
            ids[name] = talk.id
            await subscriptions.begin(tx, talk.id, "tips", NOW, due_at=NOW)
            if name == "in danger":
                await conversations.save(tx, _after_danger(talk), NOW)
            if name == "with a person":
                question = await conversations.add_message(tx, talk.id, "asker", UNKNOWN, NOW)
                await tickets.open_ticket(
                    tx,
                    conversation_id=talk.id,
                    role="tyovoimaneuvoja",
                    question_id=question,
                    topic=None,
                    urgent=False,
                    promised_at=NOW,
                    now=NOW,
                )
            if name == "broken":  # a row that can't be read keeps nobody else from theirs
                of = schema.conversation.c.id == talk.id
                await tx.execute(update(schema.conversation).where(of).values(state={"safety_until": "broken"}))
            if name == "english":
                await tx.execute(
                    update(schema.asker).where(schema.asker.c.id == conversations.owner(talk.id)).values(language="en")
                )
        await conversations.set_reachable(tx, ids["blocked"], reachable=False)
    await sending.send_due(house)
    async with store.write() as tx:
        await erasure.erase(tx, ids["erased"])  # between queueing and sending
    first = await _got(store, ids)
    clock.advance(DAY)
    await sending.send_due(house)
    second = await _got(store, ids)
    async with store.write() as tx:
        await tips.add(tx, MONDAY + 7 * DAY, {"fi": "Toinen."}, {"fi": KNOWN}, None, NOW, is_approved=True)
    clock.advance(6 * DAY)
    await sending.send_due(house)
    third = await _got(store, ids)

    assert first == {"plain": 1, "web": 1}
    assert second == {"plain": 1, "web": 1, "in danger": 1}
    assert third == {"plain": 2, "web": 1, "in danger": 2}, "on a page the new one takes the old one's place"
    assert await violations(store, NOW + 6 * HOUR) == []


def _after_danger(talk: Conversation) -> Conversation:
    return replace(talk, state=State(safety_until=NOW + DAY))


async def _got(store: Store, ids: dict[str, str]) -> dict[str, int]:
    async with store.read() as read:
        rows = (await read.execute(schema.outbox.select().where(schema.outbox.c.is_broadcast))).all()
    names = {talk: name for name, talk in ids.items()}
    counts = dict.fromkeys(names.values(), 0)
    for row in rows:
        counts[names[row.destination]] += 1
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_after_a_downtime_it_is_made_up_for_in_its_week_and_no_later(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    """On Saturday it is late; on Monday it would be last week's, and this week's is to come. A draft never goes."""
    async with store.write() as tx:
        talk = await people.meet(tx, vault, AINO, NOW)
        await subscriptions.begin(tx, talk.id, "tips", NOW, due_at=NOW)
    await write_tip(store)
    draft = await write_tip(store, MONDAY + 7 * DAY, is_approved=False)

    async def at(moment: str) -> int:
        house = a_house(store, vault, lambda: datetime.fromisoformat(moment).replace(tzinfo=HELSINKI), tmp_path)
        await sending.send_due(house)
        async with store.read() as read:
            return len((await read.execute(schema.outbox.select())).all())

    counts = [await at(moment) for moment in ("2026-11-24T14:59", "2026-11-28T20:01", "2026-11-29T12:00")]
    over = await at("2026-11-30T16:00"), await at("2026-12-01T16:00")
    async with store.write() as tx:
        await tips.change(
            tx, draft, 1, MONDAY + 7 * DAY, TEXTS, QUESTIONS, await _an_account(tx), NOW, is_approved=True
        )
    approved = await at("2026-12-05T09:00")

    assert (counts, over, approved) == ([0, 0, 0], (0, 0), 1)


async def _an_account(tx: Tx) -> str:
    account = await accounts.add(
        tx,
        name="Kaisa",
        role="koordinaattori",
        password_hash="x",
        must_change_password=False,
        now=NOW,
    )
    return account.id


def test_what_follows_a_tip_counts_once_and_for_a_while() -> None:
    """A question of next month is not the tip's doing, nor two questions two people's."""
    day = date(2026, 11, 24)
    remembered: dict[str, str] = {}
    nothing = take(remembered, "tip_asked", day)
    sent(remembered, "a", day)
    other = take(remembered, "tip_tapped", day, "b")
    first, again = (take(remembered, "tip_tapped", day + DAY, "a") for _ in range(2))
    late = take(remembered, "tip_asked", day + 2 * DAY)
    left = take(remembered, "tip_left", day + 7 * DAY)

    assert (nothing, other, first, again, late, left) == (None, None, "a", None, None, "a")
    assert SENT in tips.STEPS


async def test_the_shipped_tips_are_drafts_in_weeks_of_their_own(house_of_tips: House) -> None:
    """Nobody gets what the owner has not read; and a second start brings no second set."""
    for _ in range(2):
        await sending.ship(house_of_tips)
    async with house_of_tips.store.read() as read:
        calendar = await tips.everything(read)

    assert len(calendar) == len(sending.shipped(MONDAY)) >= 20
    assert not any(tip.is_approved for tip in calendar)
    assert all(MONDAY <= tip.monday < MONDAY + 53 * 7 * DAY for tip in calendar)
    assert all(set(tip.texts) == set(tip.questions) == {"fi", "sv", "en"} for tip in calendar)


@pytest.fixture
def house_of_tips(store: Store, vault: Vault, tmp_path: Path) -> House:
    return a_house(store, vault, lambda: NOW, tmp_path)
