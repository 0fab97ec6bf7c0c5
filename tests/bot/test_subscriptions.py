"""What an asker has agreed to get unasked: it stands until they end it, and no longer than they can be reached."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot import wording
from bot.channels.webchat import NAME as WEB
from bot.profile import Retention
from bot.store import checkins, conversations, moving, retention, schema, subscriptions
from bot.store.engine import Store
from bot.vault import Vault
from tests.support import people
from tests.support import telegram_faults as faults
from tests.support.clock import A_TUESDAY_MORNING as NOW
from tests.support.knowledge import KNOWN
from tests.support.koppi import Koppi
from tests.support.people import AINO, BULK

DAY = timedelta(days=1)
on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


async def test_each_turn_is_taken_once_by_whoever_comes_first(store: Store, vault: Vault) -> None:
    """Two processes look at the same moment; and who has ended it meanwhile gets nothing any more."""
    async with store.write() as tx:
        talks = [await people.meet(tx, vault, chat) for chat in (AINO, BULK[0], BULK[1])]
        is_new = [await subscriptions.begin(tx, talk.id, "tips", NOW, due_at=NOW) for talk in talks]
        again = await subscriptions.begin(tx, talks[0].id, "tips", NOW + DAY, due_at=NOW, agreed={"a": 1})
        await subscriptions.begin(tx, talks[0].id, "checkins", NOW, due_at=NOW + DAY)
    async with store.read() as read:
        due = await subscriptions.due(read, "tips", NOW, limit=9)
        standing = await subscriptions.standing(read, talks[0].id)
    async with store.write() as tx:
        ended = await subscriptions.end(tx, talks[1].id, "tips")
        ended_again = await subscriptions.end(tx, talks[1].id, "tips")
        await conversations.set_reachable(tx, talks[2].id, reachable=False)
    taken = []
    for _ in range(2):
        async with store.write() as tx:
            taken.append([await subscriptions.take(tx, turn, NOW + 7 * DAY) for turn in due])
    async with store.read() as read:
        later = await subscriptions.due(read, "tips", NOW + 7 * DAY, limit=9)

    assert (is_new, again) == ([True] * 3, False)
    assert {turn.conversation_id for turn in due} == {talk.id for talk in talks}
    assert standing["tips"].agreed == {"a": 1}
    assert standing["tips"].since == NOW
    assert (ended, ended_again) == (True, False)
    assert sorted(taken) == sorted([[turn.conversation_id == talks[0].id for turn in due], [False] * 3])
    assert [turn.conversation_id for turn in later] == [talks[0].id]


async def test_it_goes_along_to_telegram_and_nothing_comes_twice(koppi: Koppi) -> None:
    """Who subscribed in both places gets one tip a week, not two."""
    await koppi.asks(KNOWN)
    (here,) = await koppi.rows(schema.conversation)
    async with koppi.store.write() as tx:
        coming = await people.meet(tx, koppi.vault, "t" * 43, NOW, channel=WEB)
        await subscriptions.begin(tx, here.id, "tips", NOW, due_at=NOW)
        await subscriptions.begin(tx, coming.id, "tips", NOW - DAY, due_at=NOW + DAY)
        await subscriptions.begin(tx, coming.id, "checkins", NOW, due_at=NOW, agreed={"at": "graduation"})
        asked_on = {"checkin_sent": NOW.date().isoformat()}
        theirs = schema.asker.c.id == conversations.owner(coming.id)
        await tx.execute(update(schema.asker).where(theirs).values(last_events=asked_on))
    await koppi.says(f"/start {moving.make_code(koppi.vault, coming.id, koppi.clock())}")
    await koppi.hears()
    async with koppi.store.read() as read:
        standing = await subscriptions.standing(read, here.id)
    async with koppi.store.write() as tx:
        last_asked_on = await checkins.last_asked_on(tx, here.id)

    assert last_asked_on == NOW.date(), "or a second question would come within the fortnight"
    assert {kind: (one.since, one.due_at, one.agreed) for kind, one in standing.items()} == {
        "tips": (NOW - DAY, NOW + DAY, {}),
        "checkins": (NOW, NOW, {"at": "graduation"}),
    }


@on_one_database
@pytest.mark.parametrize("tells", ["Telegram tells", "only a send fails"])
async def test_it_ends_when_the_bot_is_blocked(koppi: Koppi, tells: str) -> None:
    """To block the bot is to say no; who takes it back is asked again."""
    await koppi.asks(KNOWN)
    (talk,) = await koppi.rows(schema.conversation)
    async with koppi.store.write() as tx:
        await subscriptions.begin(tx, talk.id, "tips", NOW, due_at=NOW)
    if tells == "Telegram tells":
        await koppi.telegram.blocks(AINO)
    else:
        koppi.telegram.fails(faults.BLOCKED)
        await koppi.says("/ohje")
    await koppi.settles()

    assert await koppi.rows(schema.subscription) == []


@on_one_database
async def test_it_is_told_of_in_a_few_words(koppi: Koppi) -> None:
    """What is kept of somebody is theirs to know, before they open a file."""
    await koppi.asks(KNOWN)
    (talk,) = await koppi.rows(schema.conversation)
    before = (await koppi.asks("/tietoni")).text
    await koppi.hears()
    async with koppi.store.write() as tx:
        for kind in ("tips", "checkins"):
            await subscriptions.begin(tx, talk.id, kind, NOW, due_at=NOW)  # type: ignore[arg-type]
    words = (await koppi.asks("/tietoni")).text

    assert "tilannut" not in before
    assert f"{wording.SUBSCRIPTIONS['tips']}, {wording.SUBSCRIPTIONS['checkins']}" in words


@pytest.mark.parametrize(
    ("channel", "seen", "stays"), [("telegram", 400, True), (WEB, 88, True), (WEB, 90, False), ("nothing", 40, False)]
)
async def test_an_address_stays_while_something_is_subscribed_to(
    store: Store, vault: Vault, channel: str, seen: int, stays: bool
) -> None:
    """A tip needs an address. A web chat's goes when no browser remembers it any more: nobody could end it."""
    async with store.write() as tx:
        name = "telegram" if channel == "nothing" else channel
        talk = await people.meet(tx, vault, "t" * 43, NOW - 500 * DAY, channel=name)
        if channel != "nothing":
            await subscriptions.begin(tx, talk.id, "tips", NOW - 450 * DAY, due_at=NOW)
        await tx.execute(update(schema.asker).values(last_seen_at=NOW - seen * DAY))
    await retention.forget(store, Retention(), NOW)
    async with store.read() as read:
        left = [(await read.execute(table.select())).all() for table in (schema.address, schema.subscription)]

    assert [bool(rows) for rows in left] == [stays, stays and channel != "nothing"]
