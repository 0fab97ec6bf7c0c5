"""Question lists are views on messages: they show what is to be learnt from, to nobody who shouldn't, no longer than
it is kept."""

from datetime import timedelta

from sqlalchemy import select, update

from bot import wording
from bot.profile import Retention
from bot.store import erasure, questions, retention, schema
from bot.store.engine import Store
from bot.store.narrowing import Narrowing
from bot.store.questions import AskedQuestion, Given
from tests.support.clock import A_TUESDAY_MORNING as NOW
from tests.support.knowledge import ALSO_KNOWN, KNOWN, UNKNOWN, VAGUE
from tests.support.koppi import Koppi
from tests.support.people import BULK

CRISIS = "haluan tappaa itseni"


async def _lately(store: Store, limit: int = 50) -> list[AskedQuestion]:
    async with store.read() as read:
        return await questions.lately(read, limit=limit)


async def test_what_came_of_a_question_can_be_told_from_its_messages(koppi: Koppi) -> None:
    """Not helped, helped, chosen from titles, not chosen, unknown, sent: the console's lists are made of these."""
    await koppi.asks(KNOWN)
    await koppi.presses(wording.BUTTON_NO)
    await koppi.hears()
    await koppi.asks(ALSO_KNOWN)
    await koppi.presses(wording.BUTTON_YES)
    await koppi.hears()
    await koppi.asks(VAGUE)
    await koppi.presses("Miten haen asumistukea?")
    await koppi.hears()
    await koppi.asks("Paljonko asumistukea iguaanille")
    await koppi.asks("Syökö iguaani banaania aamulla")
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.asks("Se on vihreä")
    seen = await _lately(koppi.store)

    assert [(question.text, question.lack) for question in reversed(seen)] == [
        (KNOWN, "not_helped"),
        (ALSO_KNOWN, None),
        (VAGUE, None),
        ("Paljonko asumistukea iguaanille", "not_chosen"),
        ("Syökö iguaani banaania aamulla", "unknown"),
        (UNKNOWN, "sent"),
    ]
    assert {question.text: question.given for question in seen} == {
        KNOWN: (Given("asumistuki", helped=False, was_picked=False),),
        ALSO_KNOWN: (Given("cv", helped=True, was_picked=False),),
        VAGUE: (Given("asumistuki", helped=None, was_picked=True),),
        "Paljonko asumistukea iguaanille": (),
        "Syökö iguaani banaania aamulla": (),
        UNKNOWN: (),
    }
    assert ticket.question == UNKNOWN
    for narrowing, texts in {
        Narrowing(came="answered"): [KNOWN, ALSO_KNOWN],
        Narrowing(came="choices"): [VAGUE, "Paljonko asumistukea iguaanille"],
        Narrowing(came="picked"): [VAGUE],
        Narrowing(came="person"): [UNKNOWN],
        Narrowing(came="nothing"): ["Syökö iguaani banaania aamulla", UNKNOWN],
        Narrowing(came="lacking"): [KNOWN, "Syökö iguaani banaania aamulla", UNKNOWN],
        Narrowing(came="helped"): [ALSO_KNOWN],
        Narrowing(came="lacking", topic="asumistuki"): [KNOWN],
        Narrowing(topic="cv"): [ALSO_KNOWN],
        Narrowing(topic="", came="nothing"): ["Syökö iguaani banaania aamulla", UNKNOWN],
        Narrowing(language="sv"): [],
        Narrowing(channel="web"): [],
        Narrowing(channel="telegram", language="fi", came="helped"): [ALSO_KNOWN],
    }.items():
        async with koppi.store.read() as read:
            found = await questions.lately(read, limit=50, only=narrowing)
        assert [question.text for question in reversed(found)] == texts, narrowing


async def test_nobody_reads_along_where_there_was_danger_and_no_contact_details_are_shown(koppi: Koppi) -> None:
    """Until the asker's own tap nobody sees what somebody in danger wrote, before or after."""
    await koppi.asks("Syökö iguaani banaania aamulla", BULK[0])
    await koppi.asks(CRISIS, BULK[0])
    await koppi.asks(UNKNOWN, BULK[1])
    async with koppi.store.write() as tx:
        with_contacts = schema.message.update().where(schema.message.c.text == UNKNOWN)
        seen: dict[str, object] = {"kind": "escalate", "hits": [], "confidence": None, "contacts": True}
        await tx.execute(with_contacts.values(verdict=seen))

    assert await _lately(koppi.store) == []


async def test_what_was_said_on_in_a_thread_stays_in_it_when_its_question_is_forgotten(koppi: Koppi) -> None:
    """A question of 180 days ago goes; what was then written to the advisor alone must not take its place."""
    await koppi.sends_to_a_person(UNKNOWN)
    koppi.clock.advance(timedelta(days=100))
    await koppi.asks("Syökö iguaani banaania aamulla")
    before = [question.text for question in await _lately(koppi.store)]
    koppi.clock.advance(timedelta(days=90))
    await retention.forget(koppi.store, Retention(), koppi.clock())
    async with koppi.store.read() as read:
        kept = (await read.execute(select(schema.message.c.text).where(schema.message.c.author == "asker"))).scalars()

    assert before == [UNKNOWN]
    assert list(kept) == ["Syökö iguaani banaania aamulla"]
    assert await _lately(koppi.store) == []


async def test_a_talk_with_danger_in_it_stays_unread_when_that_message_is_forgotten(koppi: Koppi) -> None:
    """What somebody wrote around the worst of it must not come to light because the worst of it is gone."""
    await koppi.asks(CRISIS)
    koppi.clock.advance(timedelta(days=100))
    await koppi.asks(UNKNOWN)
    koppi.clock.advance(timedelta(days=60))
    await koppi.asks("Syökö iguaani banaania aamulla")
    await koppi.settles()
    koppi.clock.advance(timedelta(days=25))
    await retention.forget(koppi.store, Retention(), koppi.clock())
    async with koppi.store.read() as read:
        kept = (await read.execute(select(schema.message.c.text).where(schema.message.c.author == "asker"))).scalars()

    assert sorted(kept) == [UNKNOWN, "Syökö iguaani banaania aamulla"]
    assert await _lately(koppi.store) == []


async def test_a_page_goes_on_where_the_one_before_ended_and_decisions_stay_with_the_question(koppi: Koppi) -> None:
    """None is shown twice or passed over, also of several asked at the same moment."""
    for number in range(3):
        await koppi.asks(UNKNOWN, BULK[number])
    await koppi.settles()
    async with koppi.store.write() as tx:
        await tx.execute(update(schema.message).values(created_at=NOW))
        asked = select(schema.message).where(schema.message.c.author == "asker").order_by(schema.message.c.id)
        ids = [row.id for row in await tx.execute(asked)]
        await questions.put_aside(tx, ids[:2], "not_ours")
        await questions.decide_phrasings(tx, ids[1:], "rejected")
        await questions.bring_back(tx, ids[1:2])
    async with koppi.store.read() as read:
        first = await questions.lately(read, limit=2)
        rest = await questions.lately(read, limit=2, before=first[-1].id)
        none = await questions.lately(read, limit=2, since=NOW + timedelta(seconds=1))
        again = await questions.of(read, [*ids, 10**9])
        origins = await questions.origins(read, [*ids, 10**9])

    assert [question.id for question in [*first, *rest]] == ids[::-1]
    assert none == []
    assert sorted(origins) == ids
    assert {(origin.channel, origin.language) for origin in origins.values()} == {("telegram", "fi")}
    assert len({origin.asker_id for origin in origins.values()}) == 3, "of three askers, who are counted and not shown"
    assert [(question.gap, question.phrasing) for question in again] == [
        ("not_ours", None),
        (None, "rejected"),
        (None, "rejected"),
    ]


async def test_what_is_erased_or_forgotten_is_in_no_list(koppi: Koppi) -> None:
    """The lists hold nothing of their own: with the message goes all that was made of it."""
    await koppi.asks(UNKNOWN, BULK[0])
    await koppi.asks(UNKNOWN, BULK[1])
    (later, earlier) = await _lately(koppi.store)
    async with koppi.store.write() as tx:
        await questions.put_aside(tx, [earlier.id, later.id], "later")
        talk_id = await tx.execute(select(schema.message.c.conversation_id).where(schema.message.c.id == earlier.id))
        await erasure.erase(tx, talk_id.scalar_one())
    after_erasure = await _lately(koppi.store)
    await koppi.settles()
    await retention.forget(koppi.store, Retention(), koppi.clock() + timedelta(days=200))

    assert [question.id for question in after_erasure] == [later.id]
    assert await _lately(koppi.store) == []
