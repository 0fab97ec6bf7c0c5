"""What was agreed to is asked once, in its hours, a fortnight apart; through downtime, erasure and two processes."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Update, select, update

from admin.house import House
from admin.reach import checkins as asking
from bot.dialogue import Plan, State
from bot.profile import Retention
from bot.store import campaigns, checkins, conversations, erasure, retention, schema, subscriptions, tickets
from bot.store.engine import Store
from bot.vault import Vault
from tests.admin.a_house import a_house
from tests.support import people
from tests.support.clock import Clock
from tests.support.koppi import Koppi

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)  # Tuesday noon in Helsinki
TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Clock:
    """Tuesday noon."""
    return Clock(NOW)


@pytest.fixture
def house(store: Store, vault: Vault, clock: Clock, tmp_path: Path) -> House:
    """A house without Telegram."""
    return a_house(store, vault, clock, tmp_path, token=False)


async def agrees(house: House, kind: checkins.Kind, *plans: Plan, chat: int = people.AINO) -> str:
    """Somebody who has agreed to *plans*; the id of their conversation."""
    async with house.store.write() as tx:
        lookup = house.vault.lookup("telegram", str(chat))
        talk = await conversations.find(tx.connection, channel="telegram", lookup=lookup)
        talk = talk or await people.meet(tx, house.vault, chat, house.clock())
        await checkins.agree(tx, talk.id, kind, plans, house.hours.zone, house.clock())
    return talk.id


async def asked(house: House, clock: Clock, after: timedelta) -> list[str]:
    """Time passes, the tick comes twice; which questions are queued by then, by their keys without the chat."""
    clock.advance(after)
    await asking.send_due(house)
    await asking.send_due(house)
    async with house.store.read() as read:
        found = (await read.execute(select(schema.outbox).order_by(schema.outbox.c.id))).all()
    assert all(row.is_broadcast for row in found)
    return [row.key.rpartition(":")[0] for row in found]


async def kinds_kept(house: House) -> list[tuple[str, str | None, str | None]]:
    """The events: kind, topic, campaign."""
    async with house.store.read() as read:
        rows = await read.execute(select(schema.event).order_by(schema.event.c.id))
        return [(row.kind, row.topic, row.campaign) for row in rows]


async def test_what_is_due_is_asked_once_a_fortnight_apart_and_then_the_consent_ends(
    house: House, clock: Clock, vault: Vault
) -> None:
    """A check-in and two outcomes of one asker fall on the same days: they come a fortnight apart, each once."""
    async with house.store.write() as tx:
        code = await campaigns.make(tx, name="Juliste", place="Koulu", first_day=TODAY, last_day=TODAY + 9 * DAY)
        talk = await people.meet(tx, vault, people.AINO, NOW)
        await campaigns.touch(tx, talk.id, code, TODAY)
    await agrees(house, "outcomes", Plan("cv", TODAY + 14 * DAY), Plan("cv", TODAY + 30 * DAY))
    await agrees(house, "checkins", Plan("later", TODAY + 14 * DAY))
    await agrees(house, "checkins", Plan("jobless", TODAY + 20 * DAY))
    async with house.store.read() as read:
        agreed_to = await checkins.standing(read, talk.id)

    assert [plan.what for plan in agreed_to] == ["later", "jobless", "cv", "cv"]
    assert await asked(house, clock, 13 * DAY) == []
    assert await asked(house, clock, DAY) == ["checkins:2026-12-08:later"]
    assert await asked(house, clock, 12 * DAY) == ["checkins:2026-12-08:later"]  # a Sunday, too
    after = ["checkins:2026-12-08:later", "checkins:2026-12-14:jobless"]
    assert await asked(house, clock, 2 * DAY) == after
    # Of the outcomes one was overtaken by the other meanwhile, which waits its fortnight, and Epiphany.
    assert await asked(house, clock, 13 * DAY) == after
    assert await asked(house, clock, 3 * DAY) == [*after, "outcomes:2026-12-24:cv"]
    sent = [event for event in await kinds_kept(house) if event[0].endswith("_sent")]
    assert sent == [("checkin_sent", "later", code), ("checkin_sent", "jobless", code), ("outcome_sent", "cv", code)]
    async with house.store.read() as read:
        assert set(await subscriptions.standing(read, talk.id)) == {"outcomes"}, "it listens for a while"
    await asked(house, clock, 20 * DAY)
    async with house.store.read() as read:
        assert await subscriptions.standing(read, talk.id) == {}


def _breaking(conversation_id: str) -> Update:
    """A row that can't be read."""
    of = schema.conversation.c.id == conversation_id
    return update(schema.conversation).where(of).values(state={"safety_until": "broken"})


async def test_downtime_danger_and_a_person_put_it_off_and_erasing_ends_it(
    house: House, clock: Clock, vault: Vault
) -> None:
    """Each of these askers has a check-in due at one moment; what has happened to them decides."""
    names = ("calm", "danger", "ticket", "late", "erased", "stopped", "blocked", "broken")
    talks = {}
    for chat, name in enumerate(names, 9000):
        plan = Plan("later", TODAY - 31 * DAY if name == "late" else TODAY + DAY)
        talks[name] = await agrees(house, "checkins", plan, chat=chat)
    clock.advance(DAY)
    async with house.store.write() as tx:
        danger = await conversations.get(tx.connection, talks["danger"])
        assert danger is not None
        in_danger = {**danger.__dict__, "state": State(safety_until=clock() + timedelta(hours=20))}
        await conversations.save(tx, danger.__class__(**in_danger), clock())
        question = await conversations.add_message(tx, talks["ticket"], "asker", "kysymys", clock())
        await tickets.open_ticket(
            tx,
            conversation_id=talks["ticket"],
            role="tyovoimaneuvoja",
            question_id=question,
            topic=None,
            urgent=False,
            promised_at=clock() + DAY,
            now=clock(),
        )
        await tx.execute(_breaking(talks["broken"]))  # keeps nobody else from being asked
        await erasure.erase(tx, talks["erased"])
        await checkins.stop(tx, talks["stopped"])
        await conversations.set_reachable(tx, talks["blocked"], reachable=False)

    assert len(await asked(house, clock, timedelta())) == 1
    async with house.store.write() as tx:
        await tx.execute(update(schema.ticket).values(closed_at=clock(), outcome="answered"))
    clock.advance(timedelta(hours=22))  # 10 in the morning, local
    await asking.send_due(house)
    async with house.store.read() as read:
        rows = await read.execute(select(schema.message.c.conversation_id, schema.message.c.text).where(
            schema.message.c.author == "bot"))  # fmt: skip
        told = {row.conversation_id: row.text for row in rows}
    assert set(told) == {talks["calm"], talks["danger"]}
    assert told[talks["danger"]].startswith("Jos olo on raskas")
    await asked(house, clock, timedelta(hours=4))
    async with house.store.read() as read:
        keys = (await read.execute(select(schema.outbox.c.key))).scalars().all()
    assert {key.rpartition(":")[2] for key in keys} == {talks[name] for name in ("calm", "danger", "ticket")}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_nothing_is_asked_at_night_and_two_processes_ask_once(house: House, clock: Clock) -> None:
    """Both look at the same turn; the one that comes second finds it taken."""
    talk = await agrees(house, "checkins", Plan("later", TODAY))
    clock.advance(timedelta(hours=10))  # 22 in the evening, local
    assert await asked(house, clock, timedelta()) == []
    clock.advance(timedelta(hours=11))
    async with house.store.read() as read:
        (turn,) = await subscriptions.due(read, "checkins", clock(), limit=9)
    both = []
    for _ in range(2):
        async with house.store.write() as tx:
            both.append(await asking.take_turn(house, tx, turn, clock()))
    assert both == [True, False]
    # The message is the bot's own and new: retention leaves it, and the address, while its buttons are to work.
    async with house.store.write() as tx:
        await tx.execute(update(schema.asker).values(last_seen_at=clock() - 95 * DAY))
        await tx.execute(update(schema.outbox).values(state="sent", finished_at=clock()))
    await retention.forget(house.store, Retention(), clock())
    async with house.store.read() as read:
        assert len(await conversations.messages(read, talk)) == 1
        assert await conversations.get(read, talk) is not None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_in_telegram_it_comes_by_consent_and_one_tap_answers_it_or_ends_it(koppi: Koppi) -> None:
    """From the command to the situations, and no more once they have said so."""
    await koppi.asks("/muistuta")
    await koppi.presses("Kahden viikon päästä")
    agreed = await koppi.hears()
    await koppi.advance(15 * DAY)
    await asking.send_due(koppi)  # type: ignore[arg-type]  # all of a house that it needs
    question = await koppi.hears()
    await koppi.presses("Jumissa")
    ways = await koppi.hears()
    await koppi.presses("Kysy taas kahden viikon päästä")
    await koppi.hears()
    await koppi.presses("Lopeta kyselyt")
    await koppi.hears()
    await koppi.advance(30 * DAY)
    await asking.send_due(koppi)  # type: ignore[arg-type]
    await koppi.settles()

    assert agreed.labels == ["Lopeta kyselyt"]
    assert question.text.startswith("Moi! Miten työnhaku sujuu?")
    assert question.labels == ["Hyvin", "Jumissa", "Haluan kysyä", "Lopeta kyselyt"]
    assert ways.labels[:3] == ["Työnhaku ei etene", "Rahat loppuu ennen kuun loppua", "En jaksa"]
    kinds = [row.kind for row in await koppi.rows(schema.event) if row.kind.startswith(("checkin", "asking"))]
    assert kinds == ["asking_agreed", "checkin_sent", "checkin_stuck", "asking_agreed", "asking_ended"]
    assert await koppi.rows(schema.subscription) == []
