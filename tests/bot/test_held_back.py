"""What is queued to go unasked goes to nobody who has said no meanwhile, or has been in danger."""

from datetime import timedelta

from bot import wording
from bot.store import schema
from tests.bot.test_broadcasts import queue
from tests.support.koppi import Koppi
from tests.support.people import AINO, BULK

HALF_A_DAY = timedelta(hours=12)
KINDS = ("tip", "checkins", "outcomes")
IN_DANGER, ANYBODY, BLOCKS = BULK[:3]


async def test_what_waits_for_the_morning_is_held_back_from_who_says_no_and_from_who_is_in_danger(
    koppi: Koppi,
) -> None:
    """A cheerful tip the morning after a cry for help would be cruel; one after a no would break a promise."""
    chats = (AINO, IN_DANGER, ANYBODY, BLOCKS)
    for chat in chats:
        await koppi.asks("/ohje", chat)
    for command, label in (("/vinkit", "Tilaa vinkit"), ("/muistuta", wording.MOMENTS["later"])):
        await koppi.asks(command)
        await koppi.presses(label)
        await koppi.hears()
    await koppi.advance(HALF_A_DAY)
    for talk in await koppi.rows(schema.conversation):
        for kind in KINDS:
            await queue(koppi.store, talk.id, f"{kind}:of {talk.id}")
    for label in ("Lopeta vinkit", wording.BUTTON_END_ASKING):
        await koppi.presses(label)
        await koppi.hears()
    await koppi.asks("haluan kuolla", IN_DANGER)
    await koppi.telegram.blocks(BLOCKS)
    await koppi.settles()
    await koppi.telegram.unblocks(BLOCKS)
    await koppi.settles()
    before = {chat: len(koppi.telegram.accepted[chat]) for chat in chats}

    def came(chat: int) -> list[str]:
        return [message.text.partition(":of")[0] for message in koppi.telegram.accepted[chat][before[chat] :]]

    await koppi.advance(HALF_A_DAY)
    for _ in KINDS:
        await koppi.hears(ANYBODY)
    await koppi.settles()
    in_the_morning = {chat: came(chat) for chat in chats}
    await koppi.advance(HALF_A_DAY + timedelta(hours=1))
    await koppi.advance(HALF_A_DAY)
    asked = await koppi.hears(IN_DANGER)
    await koppi.settles()

    assert in_the_morning == {AINO: [], IN_DANGER: [], ANYBODY: list(KINDS), BLOCKS: []}
    assert asked.text.startswith(wording.GENTLE_LINE)
    assert came(IN_DANGER) == [asked.text.partition(":of")[0]]
    assert came(AINO) == []
